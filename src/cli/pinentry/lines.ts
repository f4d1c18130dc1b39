/**
 * The lines of the Assuan protocol, as a client of pinentry reads and writes them.
 * https://gnupg.org/documentation/manuals/assuan/Server-responses.html
 */
import { VouchError } from "../../base/errors.ts";

/** The limit on a line in bytes, with its line end. */
const maxLineBytes = 1000;

export type Response =
  | { kind: "ok" }
  /** `code` is libgpg-error's: its source in the upper byte, the error in the lower 16 bits. */
  | { kind: "error"; code: number; text: string }
  | { kind: "data"; bytes: Uint8Array }
  | { kind: "status"; keyword: string }
  | { kind: "comment" };

const [percent, lineFeed, letterD, blank] = [0x25, 0x0a, 0x44, 0x20];

/** Encodes the parameter of a command: `%`, and what would end the line. */
function encodeParameter(text: string): string {
  return text.replace(/[%\r\n\0]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Encodes a command with its line end, in UTF-8. Throws `internal_error` for one that is longer than a line. */
export function encodeCommand(name: string, parameter?: string): Uint8Array {
  const line = parameter === undefined ? `${name}\n` : `${name} ${encodeParameter(parameter)}\n`;
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= maxLineBytes) return bytes;
  throw new VouchError("internal_error", `The Assuan command ${name} is longer than ${maxLineBytes} bytes.`);
}

/**
 * Parses a response, without its line end. The bytes of `data` are decoded into a buffer of their own, which the caller
 * zeroes. Throws `protocol_error` for anything else than the responses above: nobody has asked for an inquiry.
 */
export function parseResponse(line: Uint8Array): Response {
  if (line[0] === letterD && line[1] === blank) return { kind: "data", bytes: decodeData(line.subarray(2)) };
  const text = new TextDecoder().decode(line);
  if (text === "OK" || text.startsWith("OK ")) return { kind: "ok" };
  if (text.startsWith("#")) return { kind: "comment" };
  const [, code, words = ""] = /^ERR ([0-9]{1,10})(?: (.*))?$/.exec(text) ?? [];
  if (code !== undefined) return { kind: "error", code: Number(code), text: words };
  const [, keyword] = /^S ([A-Za-z_][A-Za-z0-9_]*)(?: .*)?$/.exec(text) ?? [];
  if (keyword !== undefined) return { kind: "status", keyword };
  throw refused("a line that is no response");
}

/** The error for a pinentry that does not keep to the protocol; what it has said is in no message, it may be a PIN. */
export function refused(what: string): VouchError {
  return new VouchError("protocol_error", `The pinentry program has sent ${what}.`, {
    hint: "Name another one in gpg-agent.conf (`pinentry-program`), or run the command in a terminal.",
  });
}

function decodeData(encoded: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at++) {
    if (encoded[at] !== percent) {
      bytes[length++] = encoded[at]!;
      continue;
    }
    const [high, low] = [hexDigit(encoded[at + 1]), hexDigit(encoded[at + 2])];
    if (high === undefined || low === undefined) {
      bytes.fill(0);
      throw refused("data with a wrong escape");
    }
    bytes[length++] = high * 16 + low;
    at += 2;
  }
  return bytes.subarray(0, length);
}

function hexDigit(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}

/** Splits a stream into lines. Its buffer has room for one line, and is zeroed behind each. */
export class LineSplitter {
  readonly #line = new Uint8Array(maxLineBytes);
  #length = 0;

  /**
   * Calls `onLine` for each line that the chunk completes, with its bytes until the call returns, and zeroes the chunk.
   * Throws `protocol_error` for a longer line, and what `onLine` throws.
   */
  feed(chunk: Uint8Array, onLine: (line: Uint8Array) => void): void {
    try {
      for (const byte of chunk) {
        if (this.#length === maxLineBytes) throw refused(`a line of more than ${maxLineBytes} bytes`);
        if (byte !== lineFeed) this.#line[this.#length++] = byte;
        else this.#end(onLine);
      }
    } catch (error) {
      this.wipe();
      throw error;
    } finally {
      chunk.fill(0);
    }
  }

  /** Forgets a line that has begun. */
  wipe(): void {
    this.#line.fill(0);
    this.#length = 0;
  }

  #end(onLine: (line: Uint8Array) => void): void {
    onLine(this.#line.subarray(0, this.#length));
    this.wipe();
  }
}
