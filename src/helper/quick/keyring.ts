/** `keyring get SERVICE [aws]` and pip's `--mode=creds --output=json` before it. keyring.ts knows all dialects. */
import type { Attempt } from "../attempt.ts";
import { ask, openSystem, tokenRoute } from "./agent.ts";

/** Prints the password and ends the process; returns when something is not plain. */
export function answerKeyring(args: readonly string[]): Attempt | undefined {
  const json = args[0] === "--mode=creds" && args[1] === "--output=json";
  const [operation, url, user, more] = json ? args.slice(2) : args;
  if (operation !== "get" || url === undefined || url.startsWith("-") || more !== undefined) return undefined;
  if (user !== undefined && user !== "aws") return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  const reply = ask(system, tokenRoute, JSON.stringify({ url, format: "pypi" }));
  if (reply === undefined) return system.attempt;
  const { token } = JSON.parse(reply) as { token: string };
  console.log(json ? JSON.stringify({ username: "aws", password: token }) : token);
  process.exit(0);
}
