/** Checks of the machine: the agent's folder and log, the security key, the clock. */
import type { StatusReply } from "../../../../agent/protocol.ts";
import { lstat } from "../../../../agent/wire/client.ts";
import { agentFolder, checkAgentFolder } from "../../../../agent/wire/socket.ts";
import { type BuildInfo, buildInfo } from "../../../../base/build-info.ts";
import { httpRequest } from "../../../../base/net/http.ts";
import { failure, type Finding, findingOf, ok, type Machine, warning } from "../../../../tools/checks/finding.ts";
import { profileServers } from "../../../../settings/servers.ts";
import { checkAsking } from "./asking.ts";
import { checkEndOn } from "./end-on.ts";
import { checkSecurityKeys } from "./security-keys.ts";

/** Clock skew in seconds within which the server accepts DPoP proofs (RFC 9449). */
const clockLimit = 60;
const clockWarning = 20;

/** Returns findings on the machine. Requests the time from the Vouch server. */
export async function checkMachine(machine: Machine): Promise<Finding[]> {
  return [
    await checkFolder(machine),
    ...checkLog(machine.agent?.log),
    ...checkBuild(buildInfo),
    ...(await checkSecurityKeys(machine)),
    ...checkAsking(machine),
    ...(await checkEndOn(machine)),
    ...(await checkClocks(machine)),
  ];
}

/** A finding only where the agent cannot write its log. */
function checkLog(log: StatusReply["log"]): Finding[] {
  if (log?.failure === undefined) return [];
  const found = `The agent keeps no log${log.path === undefined ? "" : ` in ${log.path}`}: ${log.failure}.`;
  return [warning("agent-log", found, "Clear the way: the agent tries again with the next line.")];
}

/** A finding only where a helper could be faster: on Linux, without the first stage. */
function checkBuild({ platform, firstStage }: BuildInfo): Finding[] {
  if (firstStage !== false || !platform.startsWith("linux-")) return [];
  const found = "This executable was built without a C compiler: each helper starts the runtime, which takes longer.";
  return [
    warning("first-stage", found, "Use a released executable, or build with a C compiler (cc, gcc or clang) on PATH."),
  ];
}

async function checkFolder({ env }: Machine): Promise<Finding> {
  const folder = agentFolder(lstat, env);
  try {
    checkAgentFolder(lstat, folder);
    return ok("agent-folder", `The agent's folder is ${folder}.`);
  } catch (error) {
    return findingOf("agent-folder", error);
  }
}

async function checkClocks({ settings, env }: Machine): Promise<Finding[]> {
  const servers = [...(settings.server ? [settings.server.url] : []), ...profileServers(settings).keys()];
  return Promise.all(servers.map((server) => checkClock(server, env)));
}

async function checkClock(server: string, env: Machine["env"]): Promise<Finding> {
  const url = `${server}/.well-known/openid-configuration`;
  try {
    const sent = Date.now();
    const { headers } = await httpRequest({ url, method: "GET", timeoutMs: 5000, caBundle: env["SSL_CERT_FILE"] });
    const date = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(date)) return ok("server", `${server} answers.`);
    // Estimate: the server replied midway between `sent` and now; the header truncates to seconds, half of one on
    // average.
    return clockFinding(server, ((sent + Date.now()) / 2 - date - 500) / 1000);
  } catch (error) {
    return findingOf("server", error);
  }
}

/** Returns the finding on the clock; `offset` is how far it is ahead of the server's, in seconds. */
export function clockFinding(server: string, offset: number): Finding {
  const seconds = Math.round(Math.abs(offset));
  const said = `The clock of this machine is ${seconds} seconds ${offset > 0 ? "ahead of" : "behind"} that of ${server}.`;
  const remedy = "Set the clock (Linux: `timedatectl set-ntp true`; macOS: `sudo sntp -sS time.apple.com`).";
  if (seconds >= clockLimit) return failure("clock", said, remedy);
  if (seconds >= clockWarning) return warning("clock", said, remedy);
  return ok("clock", `${server} answers, and the clocks agree.`);
}
