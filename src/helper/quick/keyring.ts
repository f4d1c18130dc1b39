/** `keyring get SERVICE [aws]` and pip's `--mode=creds --output=json` before it. keyring.ts knows all dialects. */
import type { TokenReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { ask, isTime, openSystem, print, tokenRoute } from "./agent.ts";

/** Prints the password and ends the process; returns when something is not plain. */
export function answerKeyring(args: readonly string[]): Attempt | undefined {
  const json = args[0] === "--mode=creds" && args[1] === "--output=json";
  const [operation, url, user, more] = json ? args.slice(2) : args;
  if (operation !== "get" || url === undefined || url.startsWith("-") || more !== undefined) return undefined;
  if (user !== undefined && user !== "aws") return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  const { token, expiration } = (ask(system, tokenRoute, JSON.stringify({ url, format: "pypi" })) ??
    {}) as Partial<TokenReply>;
  if (!isTime(expiration)) return system.attempt;
  if (typeof token !== "string" || token === "" || token.includes(" ")) return system.attempt;
  // The token is written from where it stands in the reply, its surroundings over what stands there: nothing is encoded.
  const { chunk } = system;
  let start = system.bodyStart + system.body.indexOf(`"${token}"`) + 1;
  let end = start + token.length;
  const before = json ? '{"username":"aws","password":"' : "";
  for (let index = before.length; index > 0;) chunk[--start] = before.charCodeAt(--index);
  for (const character of json ? '"}\n' : "\n") chunk[end++] = character.charCodeAt(0);
  if (print(system, chunk.subarray(start, end))) process.exit(0);
  return system.attempt;
}
