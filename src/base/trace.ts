/**
 * The trace of VOUCH_DEBUG=1: one line on stderr for each exchange with the network, the agent, a security key or
 * another program. It contains types, lengths and times, never contents: no header, body, query, PIN or token. Helpers
 * load this file, so it has few imports.
 */
import { VouchError } from "./errors.ts";
import { printable } from "./words/printable.ts";

type Kind = "agent" | "ctap" | "hid" | "http" | "program" | "retry";

/** Uses `console`, which is native and synchronous here, so that helpers need not load node:fs. */
let write = (line: string): void => console.error(line);

/** Redirects the trace to `sink`; the agent's goes to its log. */
export function traceTo(sink: (line: string) => void): void {
  write = sink;
}

/** Whether VOUCH_DEBUG turns the trace on: 1, true or yes. Not cached: `--debug` sets the variable at run time. */
export function isTracing(): boolean {
  const value = process.env["VOUCH_DEBUG"];
  return value === "1" || value === "true" || value === "yes";
}

/** The value of VOUCH_DEBUG if it is neither on nor off (empty, 0, no, false): then it has no effect. */
export function unknownDebugValue(): string | undefined {
  const value = process.env["VOUCH_DEBUG"] ?? "";
  return isTracing() || ["", "0", "no", "false"].includes(value) ? undefined : value;
}

/** Writes one line with the process id and the milliseconds since process start. */
export function trace(kind: Kind, text: string): void {
  if (!isTracing()) return;
  write(`debug: [${process.pid} ${performance.now().toFixed(1)} ms] ${kind}: ${withoutTokens(printable(text))}`);
}

/**
 * Runs an exchange and traces it with its duration, on failure too. `what`, `outcome` and `failure` are called
 * afterwards, and only if the trace is on.
 */
export async function traced<Result>(
  kind: Kind,
  what: () => string,
  run: () => Promise<Result>,
  outcome: (result: Result) => string,
  failure: (error: unknown) => string = reasonOf,
): Promise<Result> {
  if (!isTracing()) return run();
  const begun = performance.now();
  const duration = () => `${(performance.now() - begun).toFixed(1)} ms`;
  try {
    const result = await run();
    trace(kind, `${what()} -> ${outcome(result)}, ${duration()}`);
    return result;
  } catch (error) {
    trace(kind, `${what()} -> ${failure(error)}, ${duration()}`);
    throw error;
  }
}

/** The error's code and its cause's code. Messages are omitted, because they may contain untrusted text. */
export function reasonOf(error: unknown): string {
  const { code, cause } = VouchError.from(error);
  const { code: causeCode } = (cause ?? {}) as { code?: unknown };
  return typeof causeCode === "string" ? `${code} (${causeCode})` : code;
}

/** Host and path of a URL. Long segments (credential ids, the UUIDs of container credentials) are omitted. */
export function tracedUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) return "no URL";
  return `${url.host}${url.pathname.replace(/[^/]{25,}/g, "…").slice(0, 200)}`;
}

/**
 * Removes `--debug` from the arguments before `--`. If present, turns the trace on, which child processes inherit.
 * Throws `usage` for `--debug=VALUE`.
 */
export function takeDebugFlag(words: readonly string[]): string[] {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  if (own.some((word) => word.startsWith("--debug="))) throw new VouchError("usage", "--debug takes no value.");
  const rest = own.filter((word) => word !== "--debug");
  if (rest.length < own.length) process.env["VOUCH_DEBUG"] = "1";
  return [...rest, ...(end < 0 ? [] : words.slice(end))];
}

/** So that a stranger's long text neither fills the log nor costs time in the patterns. */
const maxText = 4_096;

/**
 * The text with what looks like a token replaced: a JWT with all that hangs on it, or 40 and more characters of base64url with capitals, small
 * letters and digits among them; cut to 4096 UTF-16 units. A second line of defence: nothing secret is passed to the
 * trace or the log.
 */
export function withoutTokens(text: string): string {
  return text
    .slice(0, maxText)
    .replace(/eyJ[\w-]*(?:\.[\w-]+)+/g, "[redacted]")
    .replace(/[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g, (found) => (isRandom(found) ? "[redacted]" : found))
    .replace(/[\w+=-]{40,}/g, (found) => (isRandom(found) ? "[redacted]" : found));
}

function isRandom(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
}
