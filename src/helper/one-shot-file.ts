/**
 * A file that can be read once: the read end of a pipe, which the program that this process becomes inherits. Its content
 * is in no file and in no environment, and gone before the program starts others.
 */
import { openLibc } from "../base/system/libc.ts";

/** Above every descriptor of a program that starts: where it is not inherited, nothing else has the number. */
const lowest = 200;
const F_DUPFD = 0;
/** The capacity of a pipe (pipe(7)): more would wait for a reader. */
const maxBytes = 65_536;

/**
 * The path under which the content can be read once. Undefined if the system has no such path, or the content is too
 * long. To be called immediately before `become`.
 */
export function oneShotFile(content: string): string | undefined {
  const bytes = Buffer.from(content);
  // Elsewhere the runtime closes all descriptors when it becomes another program.
  if (process.platform !== "linux" || bytes.length > maxBytes || bytes.length === 0) return undefined;
  const libc = openLibc({
    pipe: { args: ["ptr"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    write: { args: ["i32", "ptr", "u64"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const ends = new Int32Array(2);
  if (libc.pipe(ends) !== 0) return undefined;
  const [readEnd, writeEnd] = ends as unknown as [number, number];
  const descriptor = libc.fcntl(readEnd, F_DUPFD, lowest);
  const written = Number(libc.write(writeEnd, bytes, bytes.length));
  libc.close(writeEnd);
  libc.close(readEnd);
  bytes.fill(0);
  if (descriptor < 0) return undefined;
  if (written === bytes.length) return `/proc/self/fd/${descriptor}`;
  libc.close(descriptor);
  return undefined;
}
