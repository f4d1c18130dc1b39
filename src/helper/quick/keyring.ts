/**
 * Fast path of `keyring get SERVICE [aws]`, also with pip's `--mode=creds --output=json`. tools/python/keyring.ts
 * implements all dialects and checks the project's files.
 */
import type { TokenReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { ask, isTime, openSystem, print, type System, tokenRoute } from "./agent.ts";

/** Prints the password and ends the process; returns if something is not plain. */
export function answerKeyring(args: readonly string[]): Attempt | undefined {
  const json = args[0] === "--mode=creds" && args[1] === "--output=json";
  const [operation, url, user, more] = json ? args.slice(2) : args;
  if (operation !== "get" || url === undefined || url.startsWith("-") || more !== undefined) return undefined;
  if (user !== undefined && user !== "" && user !== "aws") return undefined;
  // Cargo would send the output to a registry: main.ts refuses.
  if (process.env["CARGO_REGISTRY_INDEX_URL"] !== undefined) return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  // The `pip` shim has checked the project; of other callers the name tells whether there is a project to check.
  if (!process.env["VOUCH_PIP"]?.startsWith(`${process.ppid}:`) && (json || mayHaveProject(system))) return undefined;
  const { token, expiration } = (ask(system, tokenRoute, JSON.stringify({ url, format: "pypi" })) ??
    {}) as Partial<TokenReply>;
  if (!isTime(expiration)) return system.attempt;
  if (typeof token !== "string" || token === "" || token.includes(" ")) return system.attempt;
  // The token is written from its position in the reply; the bytes around it are overwritten, so nothing is re-encoded.
  const { chunk } = system;
  let start = system.bodyStart + system.body.indexOf(`"${token}"`) + 1;
  let end = start + token.length;
  const before = json ? '{"username":"aws","password":"' : "";
  for (let index = before.length; index > 0;) chunk[--start] = before.charCodeAt(--index);
  for (const character of json ? '"}\n' : "\n") chunk[end++] = character.charCodeAt(0);
  if (print(system, chunk.subarray(start, end))) process.exit(0);
  return system.attempt;
}

/** Whether the parent's command line contains `pip`, `uv` or `pdm`, or cannot be read. */
function mayHaveProject({ syscall, openat, read, chunk }: System): boolean {
  const path = `/proc/${process.ppid}/cmdline\0`;
  const name = new Uint8Array(path.length);
  for (let index = 0; index < path.length; index++) name[index] = path.charCodeAt(index);
  // openat(2); the folder's descriptor is ignored for an absolute path. O_RDONLY with O_CLOEXEC. The descriptor closes
  // with the process.
  const file = syscall(openat, 0, name, 0x80000, 0, 0, 0);
  const length = file < 0 ? 0 : syscall(read, file, chunk, chunk.length, 0, 0, 0);
  if (length <= 0) return true;
  const words = String.fromCharCode.apply(null, chunk.subarray(0, length) as unknown as number[]);
  return words.includes("pip") || words.includes("uv") || words.includes("pdm");
}
