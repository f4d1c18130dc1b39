/** A file that can be read once, for configuration with a token in it. */
import { VouchError } from "../../base/errors.ts";
import { openLibc } from "../../base/system/libc.ts";

/** What a pipe holds before a write blocks (pipe(7)). */
const pipeBytes = 65_536;
/** fcntl(2). Descriptors below are left to scripts of version managers, which number their own. */
const F_DUPFD = 0;
const firstDescriptor = 100;

/**
 * The path of a pipe that holds the text and whose writing end is closed: whoever reads it first has all of it, and it is
 * empty afterwards. It stays open over execve(2). Throws `unsupported_platform` without /proc, `internal_error`.
 */
export function oneShotFile(text: string): string {
  if (process.platform !== "linux") throw failure("this system has no /proc/self/fd");
  const bytes = Buffer.from(text);
  if (bytes.length > pipeBytes) throw failure(`it has ${bytes.length} bytes`);
  const libc = openLibc({
    pipe: { args: ["ptr"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    write: { args: ["i32", "ptr", "usize"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const ends = new Int32Array(2);
  if (libc.pipe(ends) !== 0) throw failure("the system gives no pipe");
  const [reading, writing] = [ends[0]!, ends[1]!];
  const kept = libc.fcntl(reading, F_DUPFD, firstDescriptor);
  const written = Number(libc.write(writing, bytes, bytes.length));
  libc.close(writing);
  libc.close(reading);
  if (kept < 0 || written !== bytes.length) throw failure("the system does not fill the pipe");
  return `/proc/self/fd/${kept}`;
}

function failure(why: string): VouchError {
  return new VouchError("internal_error", `The sources with their tokens cannot be handed over: ${why}.`);
}
