/**
 * What a helper says: protocol on stdout as it is, words for people on stderr, cleaned. `console` is native here and
 * synchronous, but does not tell what went wrong; node:fs and the stream objects are slow to load.
 */
import type { EnvironmentReply } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";
import { printable } from "../printable.ts";

/** Writes one line of a protocol to stdout. Throws `output_failed` when it does not take all of it. */
export async function print(line: string): Promise<void> {
  try {
    if (await isStdoutClosed()) throw Object.assign(new Error("stdout is closed"), { code: "EBADF" });
    await Bun.write(Bun.stdout, `${line}\n`);
  } catch (error) {
    throw new VouchError(
      "output_failed",
      `The answer cannot be written to stdout (${(error as { code?: string }).code}).`,
      {
        hint: "Check where it goes: a disk may be full, or a reader gone.",
        cause: error,
      },
    );
  }
}

/**
 * Whether stdout was closed when this process began. The runtime has then opened /dev/null in its place, with O_CLOEXEC
 * (02000000), which nothing inherited has. Linux says so; elsewhere nothing is known.
 */
async function isStdoutClosed(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const info = await Bun.file("/proc/self/fdinfo/1")
    .text()
    .catch(() => "");
  return (Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? "0", 8) & 0o2000000) !== 0;
}

/** Writes an error for a person to stderr: the message, then the next command, on one line. */
export function complain(error: VouchError): void {
  complainOfText(`${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}`);
}

/** Writes a sentence for a person to stderr, on one line. */
export function complainOfText(sentence: string): void {
  console.error(`vouch: ${printable(sentence)}`);
}

/** Writes one line for each reason why an endpoint got no token while others did. */
export function complainOf(failed: EnvironmentReply["failed"] = []): void {
  const reasons = new Map(failed.map(({ error }) => [error.message, error]));
  for (const error of reasons.values()) complain(VouchError.fromWire(error));
}

/** Ends a helper that failed: the error to stderr, its exit code to the parent. */
export function exitWith(error: unknown): never {
  const failed = VouchError.from(error);
  complain(failed);
  process.exit(failed.exitCode);
}
