/** Line editor for hidden input (PINs, codes): bytes in, line out. */

const maxBytes = 1024;

export type LineEvent = { kind: "line"; text: string } | { kind: "cancelled" } | { kind: "invalid"; reason: string };

/**
 * Edits a line in raw mode: Enter ends it, Backspace deletes one character, Ctrl-U and Ctrl-W clear it, Ctrl-C
 * cancels, as does Ctrl-D on an empty line. Escape sequences (arrows, bracketed paste marks) and other control
 * characters are ignored. The text is UTF-8 of at most 1024 bytes.
 */
export class LineEditor {
  readonly #bytes = Buffer.alloc(maxBytes);
  #length = 0;
  #escape: "none" | "start" | "csi" | "ss3" = "none";

  /** Processes one byte; returns an event if it ends the line. */
  feed(byte: number): LineEvent | undefined {
    if (this.#escape !== "none") return this.#feedEscape(byte);
    switch (byte) {
      case 0x0d:
      case 0x0a:
        return this.#end();
      case 0x03:
        return this.#giveUp();
      case 0x04:
        return this.#length === 0 ? this.#giveUp() : undefined;
      case 0x08:
      case 0x7f:
        this.#deleteCharacter();
        return undefined;
      case 0x15:
      case 0x17:
        this.#wipe();
        return undefined;
      case 0x1b:
        this.#escape = "start";
        return undefined;
      default:
        return byte < 0x20 ? undefined : this.#append(byte);
    }
  }

  #append(byte: number): LineEvent | undefined {
    if (this.#length === maxBytes) {
      this.#wipe();
      return { kind: "invalid", reason: `it is longer than ${maxBytes} bytes` };
    }
    this.#bytes[this.#length++] = byte;
    return undefined;
  }

  #feedEscape(byte: number): LineEvent | undefined {
    // A control character aborts the escape sequence and is processed, so that Ctrl-C after Escape still cancels.
    if (byte < 0x20 && byte !== 0x1b) {
      this.#escape = "none";
      return this.feed(byte);
    }
    if (this.#escape === "start") {
      this.#escape = byte === 0x5b ? "csi" : byte === 0x4f ? "ss3" : byte === 0x1b ? "start" : "none";
    } else if (this.#escape === "ss3" || (byte >= 0x40 && byte <= 0x7e)) {
      this.#escape = "none";
    }
    return undefined;
  }

  #deleteCharacter(): void {
    const isContinuation = (at: number): boolean => (this.#bytes[at]! & 0xc0) === 0x80;
    while (this.#length > 0 && isContinuation(this.#length - 1)) this.#length--;
    if (this.#length > 0) this.#length--;
  }

  #end(): LineEvent {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(0, this.#length));
      return { kind: "line", text };
    } catch {
      return { kind: "invalid", reason: "it is not UTF-8" };
    } finally {
      this.#wipe();
    }
  }

  #giveUp(): LineEvent {
    this.#wipe();
    return { kind: "cancelled" };
  }

  #wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
  }
}
