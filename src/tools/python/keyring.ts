/**
 * `keyring` as pip and uv call it, in three dialects:
 *   keyring get SERVICE USERNAME                                → the password             (pip before 26.2, uv)
 *   keyring get SERVICE --mode creds                            → user name, password      (uv)
 *   keyring --mode=creds --output=json get SERVICE [USERNAME]   → {"username","password"}  (pip from 26.2)
 *   keyring --mode=creds get SERVICE ""                         → user name, password      (PDM)
 * Whatever is not for a configured endpoint goes to the next `keyring` on PATH. A package manager says only which URL a
 * password is for, not how it will get there: what its project's files say about that is looked up first.
 */
import { routes } from "../../agent/protocol.ts";
import type { MatchRequest, TokenRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import type { Attempt } from "../../helper/attempt.ts";
import { complain, complainOfText, print } from "../../helper/output.ts";
import { looksLikeCodeArtifact } from "../../helper/look.ts";
import { checkedVariable } from "./checked.ts";
import { become, findRealCommand } from "../../helper/real-command.ts";

const userName = "aws";

interface Invocation {
  operation: string | undefined;
  service: string | undefined;
  userName: string | undefined;
  credentials: boolean;
  json: boolean;
  /** Words follow the user name. */
  hasMore: boolean;
}

/**
 * Runs the `keyring` shim; `left` is what quick/keyring.ts has left. Resolves with the exit code: 1 is the protocol's "no
 * password here".
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
  const { token } = await ask(routes.token, request, left);
  await refuseUntrustedAsker(invocation.json);
  if (invocation.json) await print(JSON.stringify({ username: userName, password: token }));
  else await print(invocation.credentials ? `${userName}\n${token}` : token);
  process.exit(0);
}

/** Throws `project_untrusted` when the files of the asker's project would lead the token elsewhere, or nobody can know. */
async function refuseUntrustedAsker(isPip: boolean): Promise<void> {
  const [checked] = (process.env[checkedVariable] ?? "").split(":");
  if (checked !== `${process.ppid}`) await (await import("./asked.ts")).checkAskers(Number(checked), isPip);
}

async function refuseIfConfigured(service: string): Promise<void> {
  const request: MatchRequest = { urls: [service], format: "pypi" };
  const { configured } = await ask(routes.match, request);
  if (configured[0] !== true) return;
  throw new VouchError("usage", "Vouch stores no passwords: it gives a fresh token at each request.");
}

/** With no agent nobody knows whose service it is: another keyring may know it, unless it looks like ours. */
function mayBeAnothers({ code }: VouchError, service = ""): boolean {
  return code === "not_configured" || (code === "login_needed" && !looksLikeCodeArtifact(service));
}

/** What needs no line: a service of nobody's, a bare host, which is asked for after its URL, and what the shim `pip` has said. */
function isKnownWithoutWords({ code }: VouchError, service = ""): boolean {
  if (code === "not_configured" || !service.includes("/")) return true;
  return code === "login_needed" && process.env[checkedVariable] === `${process.ppid}:told`;
}

async function passOn(args: string[]): Promise<never> {
  await becomeAnother(args);
  complainOfText(
    "this `keyring` answers `keyring get SERVICE [USERNAME]` for the endpoints set up with `vouch setup codeartifact`.",
  );
  process.exit(args.includes("--help") || args.includes("-h") ? 0 : 1);
}

/** Becomes the next `keyring` on PATH; returns when there is none. */
async function becomeAnother(args: string[]): Promise<void> {
  const other = await findRealCommand("keyring");
  if (other !== undefined) await become(other, args);
}

/** Reads the arguments, in whichever dialect. */
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
    // PDM gives an empty one when it knows none.
    userName: words[2] || undefined,
    credentials,
    json: options.get("output") === "json" && credentials,
    hasMore: words.length > 3,
  };
}
