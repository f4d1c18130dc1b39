/**
 * `vouch-credential-helper get`: the credential helper protocol of Bazel and other tools. The request on stdin is
 * `{"uri":"https://…"}`, the answer on stdout `{"expires":"…","headers":{"Authorization":["…"]}}`; a URI of no configured
 * endpoint is unsupported input, which is an error.
 * https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md
 */
import { type PackageFormat, packageFormats } from "../../base/package-format.ts";
import { routes } from "../../agent/protocol.ts";
import type { TokenRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { ask, StdinLines } from "../../helper/ask.ts";
import { complainOfText, print } from "../../helper/output.ts";
import { basic, probes } from "../checks/probes.ts";
import { checkWorkspace } from "./workspace.ts";

const usage = 'Usage: vouch-credential-helper get, with a request such as {"uri":"https://…"} on stdin.';

/** Characters of a request, and the time in which it must be complete. */
const maxLength = 64 * 1024;
const timeoutMs = 10_000;

/** Answers one request. Exits with a code other than 0, and prints nothing on stdout, without a token. */
export async function runCredentialHelper(_name: string, args: string[]): Promise<number> {
  if (args[0] === "--help" || args[0] === "-h") {
    await print(usage);
    return 0;
  }
  if (args[0] !== "get") {
    complainOfText(usage);
    return 2;
  }
  const request: TokenRequest = { url: placeOf(parseRequest(await readStdin())) };
  const { token, expiration, endpoint } = await ask(routes.token, request);
  checkWorkspace(process.cwd());
  await print(answer(endpoint, token, expiration));
  process.exit(0);
}

/** The whole of stdin. Throws `protocol_error` if it is too long, `timeout` if it does not end. */
async function readStdin(): Promise<string> {
  const lines = new StdinLines(maxLength, undefined);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new VouchError("timeout", `Stdin did not end within ${timeoutMs / 1000} seconds.`, { hint: usage })),
    timeoutMs,
  );
  let text = "";
  for (;;) {
    const line = await Promise.race([lines.next(), promise]);
    if (line === undefined) break;
    text += `${line}\n`;
    if (text.length > maxLength) throw malformed(`at most ${maxLength} characters`);
  }
  clearTimeout(timer);
  return text;
}

/** The URI of a request; additional properties are allowed. Throws `protocol_error`. */
export function parseRequest(text: string): string {
  const request = parseJson(text);
  const isObject = typeof request === "object" && request !== null && !Array.isArray(request);
  const uri = isObject ? (request as { uri?: unknown }).uri : undefined;
  if (typeof uri === "string" && uri !== "") return uri;
  throw malformed('a JSON object with the text "uri"');
}

function malformed(expected: string): VouchError {
  return new VouchError("protocol_error", `Expected ${expected} on stdin.`, { hint: usage });
}

/** The URI without query and fragment, and without percent-encoding that stands for itself in a path. */
export function placeOf(uri: string): string {
  const place = uri.replace(/[?#].*$/s, "");
  const start = /^[^:]+:\/\/[^/]*/.exec(place)?.[0] ?? "";
  return start + place.slice(start.length).replace(/%(?!2e|2f|5c|0|1|7f)[0-9a-f]{2}/gi, "x");
}

/** The answer: the header in the form of the endpoint's format, and the end in RFC 3339, to the second. */
export function answer(endpoint: string, token: string, expiration: number): string {
  const authorization = probes[formatOf(endpoint)]?.authorization ?? basic;
  const expires = new Date(expiration * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return JSON.stringify({ expires, headers: { Authorization: [authorization(token)] } });
}

/** CodeArtifact's endpoints begin with their format. */
function formatOf(endpoint: string): PackageFormat {
  const [, first] = new URL(endpoint).pathname.split("/");
  return packageFormats.find((format) => format === first) ?? "generic";
}
