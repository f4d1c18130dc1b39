/** `vouch exec -- CMD`: runs a command with the tokens of every configured repository in its environment. */
import { routes, type TokensReply, type TokensRequest } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";
import { ask } from "./ask.ts";
import { complainOf, exitWith } from "./output.ts";
import { become } from "./real-command.ts";
import { npmTokenVariables, pipIndexVariable, twineVariables } from "./variables.ts";

/** Becomes the command; its exit code is the answer. Exits with 4 when there is no session, 127 when there is no such command. */
export async function runExec(args: string[]): Promise<number> {
  try {
    const [command, ...rest] = commandOf(args);
    if (command === undefined) throw usage("a command is missing");
    const request: TokensRequest = {};
    const reply = await ask<TokensReply>(routes.tokens, request);
    const file = command.includes("/") ? command : Bun.which(command);
    complainOf(reply.failed);
    if (file === null) throw new VouchError("command_not_found", `${command} is not on PATH.`);
    become(file, rest, { ...process.env, ...variables(reply) });
  } catch (error) {
    exitWith(error);
  }
}

function variables(reply: TokensReply): Record<string, string> {
  return {
    ...npmTokenVariables(reply.registries),
    ...pipIndexVariable(reply.registries),
    ...twineVariables(reply.registries, process.env),
    ...(reply.default === undefined ? {} : { CODEARTIFACT_AUTH_TOKEN: reply.default.token }),
  };
}

/** The words of the command: those after `--`, or all of them when the first is not an option. */
function commandOf(args: string[]): string[] {
  if (args[0] === "--") return args.slice(1);
  if (args[0]?.startsWith("-")) throw usage(`unknown option ${args[0]}`);
  return args;
}

function usage(what: string): VouchError {
  return new VouchError("usage", `vouch exec: ${what}.`, { hint: "Usage: vouch exec -- COMMAND [ARGUMENT …]" });
}
