/** CTAPHID framing: splits messages into reports and reassembles them (CTAP 2.1 section 11.2.4). */
import { VouchError } from "../../base/errors.ts";
import { reportBytes } from "./transport.ts";

/** CTAPHID commands without bit 7 (section 11.2.9). */
export const CTAPHID = {
  PING: 0x01,
  MSG: 0x03,
  LOCK: 0x04,
  INIT: 0x06,
  WINK: 0x08,
  CBOR: 0x10,
  CANCEL: 0x11,
  KEEPALIVE: 0x3b,
  ERROR: 0x3f,
} as const;

export const BROADCAST_CHANNEL = 0xffffffff;

const initialHeader = 7;
const continuationHeader = 5;
const initialPayload = reportBytes - initialHeader;
const continuationPayload = reportBytes - continuationHeader;
const continuations = 128;

/** The longest message that 1 initialization and 128 continuation packets carry: 7609 bytes. */
export const maxMessageBytes = initialPayload + continuations * continuationPayload;

export interface InitializationPacket {
  kind: "initialization";
  channel: number;
  /** The command without bit 7. */
  command: number;
  /** BCNT, the length of the whole message. Untrusted: it may exceed {@link maxMessageBytes}. */
  length: number;
  payload: Uint8Array;
}

export interface ContinuationPacket {
  kind: "continuation";
  channel: number;
  sequence: number;
  payload: Uint8Array;
}

/** Parses one report. Payloads are views that include the padding. Throws `security_key_error`. */
export function parsePacket(report: Uint8Array): InitializationPacket | ContinuationPacket {
  if (report.length !== reportBytes) throw broken(`expected a report of ${reportBytes} bytes, got ${report.length}`);
  const view = new DataView(report.buffer, report.byteOffset, report.byteLength);
  const channel = view.getUint32(0);
  const type = view.getUint8(4);
  if ((type & 0x80) === 0) {
    return { kind: "continuation", channel, sequence: type, payload: report.subarray(continuationHeader) };
  }
  return {
    kind: "initialization",
    channel,
    command: type & 0x7f,
    length: view.getUint16(5),
    payload: report.subarray(initialHeader),
  };
}

/**
 * Splits a message into reports. `channel` is the channel id (CID), an unsigned 32-bit number; `command` has no bit 7.
 * Throws `security_key_error` for a message over {@link maxMessageBytes}.
 */
export function fragment(channel: number, command: number, message: Uint8Array): Uint8Array[] {
  if (message.length > maxMessageBytes) {
    throw broken(`expected a message of at most ${maxMessageBytes} bytes, got ${message.length}`);
  }
  const first = emptyReport(channel, command | 0x80);
  new DataView(first.buffer).setUint16(5, message.length);
  first.set(message.subarray(0, initialPayload), initialHeader);
  const reports = [first];
  for (let offset = initialPayload; offset < message.length; offset += continuationPayload) {
    const next = emptyReport(channel, reports.length - 1);
    next.set(message.subarray(offset, offset + continuationPayload), continuationHeader);
    reports.push(next);
  }
  return reports;
}

function emptyReport(channel: number, type: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(reportBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, channel);
  view.setUint8(4, type);
  return bytes;
}

export interface Message {
  command: number;
  payload: Uint8Array;
}

/** Reassembles the messages of one channel and ignores packets of all others. */
export class Reassembler {
  readonly #channel: number;
  #message: Message | undefined;
  #received = 0;
  #sequence = 0;

  constructor(channel: number) {
    this.#channel = channel;
  }

  /**
   * Consumes one report and returns the message that it completes. Throws `security_key_error` for a length or sequence
   * number that violates the protocol.
   */
  push(report: Uint8Array): Message | undefined {
    const packet = parsePacket(report);
    if (packet.channel !== this.#channel) return undefined;
    return packet.kind === "initialization" ? this.#begin(packet) : this.#continue(packet);
  }

  #begin({ command, length, payload }: InitializationPacket): Message | undefined {
    if (this.#message !== undefined && command !== CTAPHID.ERROR) {
      throw broken(`expected continuation packet ${this.#sequence}, got a new message (command ${command})`);
    }
    if (length > maxMessageBytes) {
      throw broken(`expected a message of at most ${maxMessageBytes} bytes, got ${length}`);
    }
    this.#message = { command, payload: new Uint8Array(length) };
    this.#received = 0;
    this.#sequence = 0;
    return this.#take(this.#message, payload);
  }

  #continue({ sequence, payload }: ContinuationPacket): Message | undefined {
    // A leftover of an abandoned transaction, which the specification has receivers ignore.
    if (this.#message === undefined) return undefined;
    if (sequence !== this.#sequence) {
      throw broken(`expected continuation packet ${this.#sequence}, got ${sequence}`);
    }
    this.#sequence += 1;
    return this.#take(this.#message, payload);
  }

  #take(message: Message, payload: Uint8Array): Message | undefined {
    const missing = message.payload.length - this.#received;
    message.payload.set(payload.subarray(0, missing), this.#received);
    this.#received += payload.length;
    if (this.#received < message.payload.length) return undefined;
    this.#message = undefined;
    return message;
  }
}

function broken(reason: string): VouchError {
  return new VouchError("security_key_error", `The security key's USB protocol (CTAPHID) was violated: ${reason}.`, {
    hint: "Take the security key out, plug it in again and repeat the command.",
  });
}
