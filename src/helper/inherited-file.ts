/**
 * A file that only the program that this process becomes or starts can open, by a descriptor that it inherits: for
 * configuration with a token, which is then in no file system and in no environment.
 */
import { openLibc } from "../base/system/libc.ts";

/** Above the descriptors of shells, build tools and version managers: where it is not inherited, nothing has the number. */
const lowest = 200;
const F_DUPFD = 0;
/** What a pipe takes without a reader: pipe(7), and the smallest buffer of macOS. */
const maxBytes = process.platform === "linux" ? 65_536 : 16_384;

/**
 * The path of the content. `once`: it can be read once (a pipe), so that programs that are started later find nothing;
 * else any number of times (memfd_create(2)), by them too. Undefined if the system has no such files, or the content is
 * too long. To be called immediately before `become`.
 */
export function inheritedFile(content: string, kind: "once" | "always"): string | undefined {
  // Elsewhere the runtime closes all descriptors when it becomes another program.
  if (process.platform !== "linux") return undefined;
  const descriptor = inheritedDescriptor(content, kind);
  return descriptor === undefined ? undefined : `/proc/self/fd/${descriptor}`;
}

/** The descriptor of such a file; undefined if there is none, or if the content is empty or too long. */
export function inheritedDescriptor(content: string, kind: "once" | "always"): number | undefined {
  const bytes = Buffer.from(content);
  if (bytes.length > maxBytes || bytes.length === 0) return undefined;
  const libc = openLibc({
    pipe: { args: ["ptr"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    write: { args: ["i32", "ptr", "u64"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const ends = new Int32Array(2);
  if (kind === "always") ends.fill(memoryFile());
  else if (libc.pipe(ends) !== 0) return undefined;
  const [readEnd, writeEnd] = ends as unknown as [number, number];
  // A copy has no FD_CLOEXEC: it stays open in the program.
  const descriptor = libc.fcntl(readEnd, F_DUPFD, lowest);
  const written = Number(libc.write(writeEnd, bytes, bytes.length));
  bytes.fill(0);
  for (const end of new Set([readEnd, writeEnd])) libc.close(end);
  if (descriptor < 0) return undefined;
  if (written === bytes.length) return descriptor;
  libc.close(descriptor);
  return undefined;
}

/** memfd_create(2), which only Linux has. */
function memoryFile(): number {
  const { memfd_create: create } = openLibc({ memfd_create: { args: ["ptr", "u32"], returns: "i32" } });
  return create(Buffer.from("vouch\0"), 0);
}
