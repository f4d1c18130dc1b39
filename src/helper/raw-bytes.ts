/**
 * Arguments and variables as bytes. The runtime decodes them as UTF-8 and encodes them again for execve(2), so that
 * invalid UTF-8 becomes U+FFFD.
 */
import type { Environment } from "../base/environment.ts";

/** The runtime's replacement for invalid UTF-8. */
const replacement = "\ufffd";

/** Whether an argument or a variable may have lost bytes. */
export function mayHaveLostBytes(args: readonly string[], env: Environment): boolean {
  if (args.some((word) => word.includes(replacement))) return true;
  return Object.entries(env).some(([name, value]) => name.includes(replacement) || value?.includes(replacement));
}

/** The arguments as bytes: taken from `given` (this process's own, from /proc) where they decode to the same text. */
export function argumentBytes(args: readonly string[], given: readonly Uint8Array[]): Uint8Array[] {
  const rest = [...given];
  return args.map((word) => {
    if (!word.includes(replacement)) return encode(word);
    const index = rest.findIndex((bytes) => decode(bytes) === word);
    return index < 0 ? encode(word) : rest.splice(0, index + 1)[index]!;
  });
}

/**
 * `NAME=VALUE` as bytes: the entries of `given` whose value `env` still has (of a name that is there twice the last one
 * counts, as for the runtime), in their order, then the changed and new ones.
 */
export function environmentBytes(env: Environment, given: readonly Uint8Array[]): Uint8Array[] {
  const parsed = given.map((bytes) => {
    const entry = decode(bytes);
    const equals = entry.indexOf("=");
    return { bytes, name: equals < 0 ? entry : entry.slice(0, equals), value: entry.slice(equals + 1), equals };
  });
  const values = new Map(parsed.map(({ name, value }) => [name, value]));
  const entries: Uint8Array[] = [];
  const kept = new Set<string>();
  for (const { bytes, name, equals } of parsed) {
    // A name that is not UTF-8 has no value in the runtime's table.
    const isUntouched = Object.hasOwn(env, name) && (env[name] === values.get(name) || name.includes(replacement));
    // Without a name it is no variable of the runtime's table, and nobody has changed it.
    if (equals > 0 && !isUntouched) continue;
    entries.push(bytes);
    kept.add(name);
  }
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !kept.has(name)) entries.push(encode(`${name}=${value}`));
  }
  return entries;
}

/** The entries of /proc/self/cmdline or environ: zero-terminated. */
export function splitAtZeros(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    entries.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return entries;
}

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);
