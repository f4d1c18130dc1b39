/** `vouch credential codeartifact [--endpoint URL]`: the token on stdout, for a script that takes it from there. */
import { routes, type TokenReply, type TokenRequest } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";
import { ask } from "./ask.ts";
import { exitWith, print } from "./output.ts";

/** Prints the token of the default repository, or of the endpoint that was named. Exits with the table of errors.ts. */
export async function runCredential(args: string[]): Promise<number> {
  try {
    const { request, json } = parse(args);
    const { token, expiration } = await ask<TokenReply>(routes.token, request);
    print(json ? JSON.stringify({ token, expiration }) : token);
    process.exit(0);
  } catch (error) {
    exitWith(error);
  }
}

function parse(args: string[]): { request: TokenRequest; json: boolean } {
  const [kind, ...options] = args;
  if (kind !== "codeartifact") throw usage(`unknown credential ${kind}`);
  const request: TokenRequest = {};
  let json = false;
  for (let index = 0; index < options.length; index++) {
    const option = options[index]!;
    const value = /^--endpoint=(.*)$/.exec(option)?.[1] ?? (option === "--endpoint" ? options[++index] : undefined);
    if (value) request.url = value;
    else if (option === "--json") json = true;
    else throw usage(option === "--endpoint" ? "--endpoint needs a URL" : `unknown option ${option}`);
  }
  return { request, json };
}

function usage(what: string): VouchError {
  return new VouchError("usage", `vouch credential: ${what}.`, {
    hint: "Usage: vouch credential codeartifact [--endpoint URL] [--json]",
  });
}
