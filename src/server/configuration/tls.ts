/** The files of the server's certificate. */
import { VouchError } from "../../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { refuseWritable } from "./secret-file.ts";
import type { Settings } from "./table.ts";

const maxPemBytes = 1 << 20;

/** Paths. */
export interface TlsFiles {
  cert: string;
  key: string;
}

/** Returns both or neither. Throws `usage` for a certificate without its key, or the other way round. */
export function tlsFiles(settings: Pick<Settings, "tls-cert" | "tls-key">): TlsFiles | undefined {
  const { "tls-cert": cert, "tls-key": key } = settings;
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new VouchError("usage", "Expected --tls-cert and --tls-key together, got one of them.");
}

/** Reads certificate chain and key, as PEM. Throws `file_error`, also if others may write the key. */
export function readTls({ cert, key }: TlsFiles): { cert: string; key: string } {
  const read = { cert: readPem(cert), key: readPem(key) };
  refuseWritable(key);
  return read;
}

function readPem(path: string): string {
  try {
    return readRegularFile(path, maxPemBytes).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be read: ${whyUnreadable(error)}.`, { cause: error });
  }
}
