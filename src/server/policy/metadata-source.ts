/** Where metadata come from: a URL or a file that the operator names. Never asked on a request's path. */
import { statSync } from "node:fs";
import { VouchError } from "../../base/errors.ts";
import { httpRequest } from "../../base/net/http.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import type { Certificate } from "./certificate.ts";
import { isDue, type Metadata } from "./metadata.ts";
import { maxBlobBytes, readBlob } from "./metadata-blob.ts";

/** Limit of a download, in milliseconds. */
const timeoutMs = 60_000;
/** A URL is asked so often, even if the next issue is not due: a model may be revoked at any time. */
const askEverySeconds = 24 * 3600;
/** And so often where it is due. */
const askDueEverySeconds = 3600;

/** Where metadata are, and what they lead to. */
export interface MetadataSource {
  /** An https URL or a path. */
  location: string;
  /** Undefined for the built-in root. */
  roots: readonly Certificate[] | undefined;
  /** PEM file of the authorities that are trusted for the URL's host, in place of the system's. */
  caBundle?: string | undefined;
}

export function isUrl(location: string): boolean {
  return location.startsWith("https://");
}

/**
 * Reads and verifies the metadata; `now` in seconds since 1970. Throws `settings_invalid` for what cannot be verified,
 * `file_error`, `network`, `timeout`, `cancelled` (by `signal`).
 */
export async function readMetadata(source: MetadataSource, now: number, signal?: AbortSignal): Promise<Metadata> {
  const { location, roots } = source;
  const text = isUrl(location) ? await download(source, signal) : readFile(location);
  try {
    return readBlob(text, { roots, now, source: location });
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    throw new VouchError("settings_invalid", `The FIDO metadata of ${location} are not accepted: ${error.message}.`, {
      hint: isUrl(location)
        ? "Look at what that URL gives; those that the server has stay in use."
        : "Download the blob of the FIDO Metadata Service anew; `vouch server check` says whether it is right.",
      cause: error,
    });
  }
}

/** Tells when a source has something new to be read. */
export class MetadataSchedule {
  /** Of the file as it was when it was last to be read. */
  #seen: string | undefined;
  #triedAt = -Infinity;

  /**
   * Whether to read now (seconds since 1970), given the metadata that the server has: a file if it is another than last
   * time, a URL once a day, and each hour when the next issue is due or the last try failed.
   */
  isTime({ location }: MetadataSource, metadata: Metadata | undefined, now: number): boolean {
    if (!isUrl(location)) {
      const found = fingerprint(location);
      const isSame = found !== undefined && found === this.#seen;
      this.#seen = found;
      return !isSame;
    }
    const isOther = metadata?.source !== location;
    const every = isOther || isDue(metadata, now) ? askDueEverySeconds : askEverySeconds;
    const readAt = isOther ? -Infinity : metadata.readAt;
    if (now - readAt < every || now - this.#triedAt < askDueEverySeconds) return false;
    this.#triedAt = now;
    return true;
  }
}

/** Of a file as it is now: rights, content and place; undefined without one. */
function fingerprint(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

async function download({ location, caBundle }: MetadataSource, signal?: AbortSignal): Promise<string> {
  const { status, body } = await httpRequest({
    url: location,
    method: "GET",
    timeoutMs,
    maxBytes: maxBlobBytes,
    caBundle,
    signal,
  });
  if (status === 200) return body;
  const what =
    status >= 300 && status < 400 ? `a redirect (status ${status}), which is not followed` : `status ${status}`;
  throw new VouchError("network", `${location} answered with ${what}.`, {
    hint: "Name the URL that has the blob itself in attestation-metadata.",
  });
}

function readFile(path: string): string {
  try {
    return readRegularFile(path, maxBlobBytes).toString("latin1");
  } catch (error) {
    throw new VouchError("file_error", `The FIDO metadata ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Check attestation-metadata.",
      cause: error,
    });
  }
}
