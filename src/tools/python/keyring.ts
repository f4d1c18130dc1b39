/**
 * `keyring` as pip and uv call it, in several dialects:
 *
 *     keyring get SERVICE USERNAME                                → the password             (pip before 26.2, uv)
 *     keyring get SERVICE --mode creds                            → user name, password      (uv)
 *     keyring --mode=creds --output=json get SERVICE [USERNAME]   → {"username","password"}  (pip from 26.2)
 *     keyring --mode=creds get SERVICE ""                         → user name, password      (PDM)
 *
 * Services without a configured endpoint go to the next `keyring` on PATH. A package manager passes only the URL that a
 * password is for, not how it will connect: what its project's files say about that is checked first.
 */
import { routes, type TokenReply } from "../../agent/protocol.ts";
import type { MatchRequest, TokenRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import type { Attempt } from "../../helper/attempt.ts";
import { complain, complainOfText, print } from "../../helper/output.ts";
import { looksLikeCodeArtifact } from "../../helper/look.ts";
import { checkedVariable } from "./guard/checked.ts";
import { become, findRealCommand } from "../../helper/real-command.ts";

const userName = "aws";

interface Invocation {
  operation: string | undefined;
  service: string | undefined;
  userName: string | undefined;
  credentials: boolean;
  json: boolean;
  /** Too many positional arguments. */
  hasMore: boolean;
}

/**
 * Runs the `keyring` shim; `left` is what the first stage has done. Resolves with the exit code: 1 means "no password" in the
 * protocol.
 */
export async function runKeyring(args: string[], left: Attempt | undefined): Promise<number> {
  const invocation = parseInvocation(args);
  if (invocation.operation === "get" && invocation.hasMore) {
    complain(new VouchError("usage", "`keyring get` takes SERVICE and USERNAME, and nothing more."));
    process.exit(2);
  }
  try {
    const { operation, service } = invocation;
    if (operation === "get" && service !== undefined) return await get(invocation, service, left);
    if ((operation === "set" || operation === "del") && service !== undefined) await refuseIfConfigured(service);
    return await passOn(args);
  } catch (error) {
    const failed = VouchError.from(error);
    if (mayBeAnothers(failed, invocation.service)) await becomeAnother(args);
    if (!isKnownWithoutWords(failed, invocation.service)) complain(failed);
    process.exit(1);
  }
}

async function get(invocation: Invocation, service: string, left: Attempt | undefined): Promise<number> {
  if (invocation.userName !== undefined && invocation.userName !== userName) {
    throw new VouchError("not_configured", `Vouch answers for the user name ${userName} only.`);
  }
  const request: TokenRequest = { url: service, format: "pypi" };
  // The URL does not tell; the first stage leaves every caller that can publish to this side.
  const askAgent = async (first?: Attempt) => {
    const publisher = invocation.json ? undefined : await publisherAbove();
    return publisher === undefined ? ask(routes.token, request, first) : askToPublish(request, publisher);
  };
  const { token } = await askAgent(left).catch(async (error: unknown) => {
    if (!mayWait(error, service)) throw error;
    const { askAgain } = await import("../../helper/login.ts");
    return askAgain(error, { by: "helper", name: "pip or uv", format: "pypi", urls: [service] }, () => askAgent());
  });
  await refuseUntrustedAsker();
  if (invocation.json) await print(JSON.stringify({ username: userName, password: token }));
  else await print(invocation.credentials ? `${userName}\n${token}` : token);
  process.exit(0);
}

/** Whether a login may be waited for: not where the `pip` shim has asked for one already. */
function mayWait(error: unknown, service: string): boolean {
  if (!(error instanceof VouchError) || !/^(login_needed|session_expired)$/.test(error.code)) return false;
  // After a URL a bare host is asked for, too.
  return service.includes("/") && !isTold();
}

/**
 * A person is asked for a touch only where the token would be given; it is for the caller. Not for PDM: code of the
 * project, which PDM starts as it has started this process, would get the token by that touch, too.
 */
async function askToPublish(asked: TokenRequest, caller: readonly string[]): Promise<TokenReply> {
  await refuseUntrustedAsker();
  const request: TokenRequest = { ...asked, purpose: "publish", holder: "parent" };
  const { isPdm } = await import("./project/pdm-files.ts");
  if (!isPdm(caller)) return (await import("../../helper/touch.ts")).askForToken(request);
  return ask(routes.token, request).catch((error: unknown) => {
    throw error instanceof VouchError && error.code === "touch_needed" ? onlyByShim(error) : error;
  });
}

function onlyByShim(cause: VouchError): VouchError {
  const message =
    "PDM gets a token to publish with from Vouch's `pdm` alone: what PDM starts could ask for it as well.";
  return new VouchError("access_denied", message, {
    hint: "Put the shims folder first on PATH: `vouch doctor` says how. It has `pdm` after `vouch setup codeartifact --tool pdm`.",
    cause,
  });
}

/** The caller's command line, if that publishes (`uv publish`); pip, which is checked here too, cannot publish. */
async function publisherAbove(): Promise<readonly string[] | undefined> {
  if (process.env[checkedVariable]?.startsWith(`${process.ppid}:`)) return undefined;
  const [{ askersAbove }, { purposeOf }] = await Promise.all([
    import("../../base/process/calling-processes.ts"),
    import("../publishing.ts"),
  ]);
  const [caller] = askersAbove();
  const words = caller?.args ?? [];
  return purposeOf(words[0] ?? "", words.slice(1)) === "publish" ? words : undefined;
}

/**
 * Throws `project_untrusted` if the files of the caller's project would send the token elsewhere, or if that cannot be
 * known.
 */
async function refuseUntrustedAsker(): Promise<void> {
  const [checked] = (process.env[checkedVariable] ?? "").split(":");
  if (checked !== `${process.ppid}`) await (await import("./guard/asked.ts")).checkAskers(Number(checked));
}

async function refuseIfConfigured(service: string): Promise<void> {
  const request: MatchRequest = { urls: [service], format: "pypi" };
  const { configured } = await ask(routes.match, request);
  if (configured[0] !== true) return;
  throw new VouchError("usage", "Vouch stores no passwords: it gives a fresh token at each request.");
}

/**
 * Without an agent the owner of a service is unknown: another keyring may know it, unless it looks like CodeArtifact.
 */
function mayBeAnothers({ code }: VouchError, service = ""): boolean {
  return code === "not_configured" || (code === "login_needed" && !looksLikeCodeArtifact(service));
}

/**
 * Cases without a message: a service of no configured endpoint, a bare host (asked for after its URL), and what the
 * `pip` shim has already reported.
 */
function isKnownWithoutWords({ code }: VouchError, service = ""): boolean {
  if (code === "not_configured" || !service.includes("/")) return true;
  return code === "login_needed" && isTold();
}

/**
 * Whether the `pip` shim has said that the login is missing. Its process may be above the one that asks: pyenv's hook runs
 * pip as a child.
 */
function isTold(): boolean {
  return process.env[checkedVariable]?.endsWith(":told") === true;
}

async function passOn(args: string[]): Promise<never> {
  await becomeAnother(args);
  complainOfText(
    "this `keyring` answers `keyring get SERVICE [USERNAME]` for the endpoints set up with `vouch setup codeartifact`.",
  );
  process.exit(args.includes("--help") || args.includes("-h") ? 0 : 1);
}

/** Becomes the next `keyring` on PATH; returns if there is none. */
async function becomeAnother(args: string[]): Promise<void> {
  const other = findRealCommand("keyring");
  if (other !== undefined) await become(other, args);
}

/** Parses the arguments, in any dialect. */
export function parseInvocation(args: string[]): Invocation {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    const option = /^--(mode|output)(?:=(.*))?$/s.exec(word);
    if (option) options.set(option[1]!, option[2] ?? args[++index] ?? "");
    else words.push(word);
  }
  const credentials = options.get("mode") === "creds";
  return {
    operation: words[0],
    service: words[1],
    // PDM passes an empty one if it knows none.
    userName: words[2] || undefined,
    credentials,
    json: options.get("output") === "json" && credentials,
    hasMore: words.length > 3,
  };
}
