/** Archives whose bytes depend on nothing but what is in them: sorted, of one time, of no user. */
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { createTar } from "nanotar";

export interface ArchivedFile {
  data: Uint8Array;
  executable?: boolean;
}

/** Path within the archive → file. */
export type ArchivedFiles = Record<string, ArchivedFile>;

/** A gzipped tar archive; `time` (seconds since 1970) is every file's. */
export function tarGz(files: ArchivedFiles, time: number): Uint8Array {
  const tar = createTar(
    sorted(files).map(([name, { data, executable }]) => ({
      name,
      data,
      attrs: { mode: executable ? "755" : "644" },
    })),
    { attrs: { mtime: time * 1000, uid: 0, gid: 0, user: "", group: "" } },
  );
  // The two blocks of zeros that end an archive; the library leaves them out when its last record is full.
  const gzip = gzipSync(Buffer.concat([tar, new Uint8Array(1024)]), { level: 6 });
  // The field "OS" of the header (RFC 1952, section 2.3): zlib writes what it was compiled for.
  gzip[9] = 255;
  return gzip;
}

/** A zip archive; `time` (seconds since 1970) is every file's, in UTC. */
export function zip(files: ArchivedFiles, time: number): Uint8Array {
  const utc = new Date(time * 1000);
  // The format has no time zone, and the library writes local time.
  const mtime = new Date(
    utc.getUTCFullYear(),
    utc.getUTCMonth(),
    utc.getUTCDate(),
    utc.getUTCHours(),
    utc.getUTCMinutes(),
    utc.getUTCSeconds(),
  );
  return zipSync(Object.fromEntries(sorted(files).map(([name, { data }]) => [name, data])), { mtime, level: 6 });
}

function sorted(files: ArchivedFiles): [string, ArchivedFile][] {
  return Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
}
