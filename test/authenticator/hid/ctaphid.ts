/** The CTAPHID side of the software security key: channels and transactions (CTAP 2.1 section 11.2). */
import { randomBytes } from "node:crypto";
import {
  BROADCAST_CHANNEL,
  type ContinuationPacket,
  CTAPHID,
  fragment,
  type InitializationPacket,
  maxMessageBytes,
  parsePacket,
} from "../../../src/fido/hid/framing.ts";
import { reportBytes } from "../../../src/fido/hid/transport.ts";
import { type FaultSetting, isStuck, spoiltReports, type StuckFault } from "./faults.ts";
import type { Call } from "../touch.ts";

const ERROR = {
  INVALID_CMD: 0x01,
  INVALID_LEN: 0x03,
  INVALID_SEQ: 0x04,
  MSG_TIMEOUT: 0x05,
  CHANNEL_BUSY: 0x06,
  INVALID_CHANNEL: 0x0b,
} as const;

const CAPABILITY = { WINK: 0x01, CBOR: 0x04, NMSG: 0x08 } as const;
const KEEPALIVE_STATUS = { processing: 1, user_presence_needed: 2 } as const;
const PROTOCOL_VERSION = 2;
const KEEPALIVE_MS = 100;
/** How many reports of nonsense a flood brings at a time. */
const FLOOD_REPORTS = 64;
const TRANSACTION_TIMEOUT_MS = 500;
/**
 * Looks for the next packet within the time-out. A busy machine runs late timers before the packets that came in time:
 * only so many turns of the event loop without one mean that none has come.
 */
const TRANSACTION_LOOKS = 5;

/** A message of which packets are still to come. */
interface Receiving {
  channel: number;
  command: number;
  message: Uint8Array;
  received: number;
  sequence: number;
  looks: number;
  timer: ReturnType<typeof setInterval>;
}

/** A command that is being carried out. */
interface Processing {
  channel: number;
  cancel: AbortController;
  keepalive: ReturnType<typeof setInterval>;
}

export interface CtapHidOptions {
  /** Sends one report to everybody who has the device open. */
  send(report: Uint8Array): void;
  /** Answers the message of a CTAPHID_CBOR command. */
  process: (message: Uint8Array, call: Call) => Promise<Uint8Array>;
  /** Whether the key speaks CTAP2. */
  cbor: boolean;
  /** Whether INIT of another program is dropped at the moment. */
  silent(): boolean;
  /** How the key misbehaves at the moment. */
  fault(): FaultSetting | undefined;
  /** Answers the APDU of a CTAPHID_MSG command; without it the key does not speak U2F (CTAP1). */
  processApdu?: (apdu: Uint8Array) => Promise<Uint8Array>;
}

export class CtapHid {
  readonly #options: CtapHidOptions;
  readonly #channels = new Set<number>();
  #nextChannel = 0x10001;
  /** How many INITs have come. */
  initializations = 0;
  #receiving: Receiving | undefined;
  #processing: Processing | undefined;

  constructor(options: CtapHidOptions) {
    this.#options = options;
  }

  /** The power is gone: every channel and transaction with it. */
  powerCycle(): void {
    this.#abort();
    this.#channels.clear();
  }

  /** Takes one report. */
  receive(report: Uint8Array): void {
    const packet = parsePacket(report);
    if (packet.kind === "continuation") this.#continue(packet);
    else if (packet.command === CTAPHID.INIT) this.#init(packet);
    else if (!this.#channels.has(packet.channel)) this.#error(packet.channel, ERROR.INVALID_CHANNEL);
    else if (packet.command === CTAPHID.CANCEL) this.#cancel(packet.channel);
    else this.#begin(packet);
  }

  /** The channel of the transaction in progress. */
  get #busyChannel(): number | undefined {
    return this.#receiving?.channel ?? this.#processing?.channel;
  }

  #init({ channel, length, payload }: InitializationPacket): void {
    this.initializations += 1;
    if (channel !== BROADCAST_CHANNEL && !this.#channels.has(channel))
      return this.#error(channel, ERROR.INVALID_CHANNEL);
    if (length !== 8) return this.#error(channel, ERROR.INVALID_LEN);
    // On its own channel INIT ends whatever goes on there.
    if (this.#busyChannel !== undefined && this.#busyChannel !== channel) {
      if (!this.#options.silent()) this.#error(channel, ERROR.CHANNEL_BUSY);
      return;
    }
    this.#abort();
    const allocated = channel === BROADCAST_CHANNEL ? this.#nextChannel++ : channel;
    this.#channels.add(allocated);
    const answer = Buffer.alloc(17);
    answer.set(payload.subarray(0, 8));
    answer.writeUInt32BE(allocated, 8);
    const { cbor, processApdu } = this.#options;
    const capabilities = CAPABILITY.WINK | (cbor ? CAPABILITY.CBOR : 0) | (processApdu ? 0 : CAPABILITY.NMSG);
    answer.set([PROTOCOL_VERSION, 1, 0, 0, capabilities], 12);
    this.#answer(channel, CTAPHID.INIT, "INIT", answer);
  }

  #cancel(channel: number): void {
    if (this.#processing?.channel === channel) this.#processing.cancel.abort();
  }

  #begin({ channel, command, length, payload }: InitializationPacket): void {
    if (this.#receiving?.channel === channel) {
      this.#abort();
      return this.#error(channel, ERROR.INVALID_SEQ);
    }
    if (this.#busyChannel !== undefined) return this.#error(channel, ERROR.CHANNEL_BUSY);
    if (length > maxMessageBytes) return this.#error(channel, ERROR.INVALID_LEN);
    const timer = setInterval(() => this.#look(), TRANSACTION_TIMEOUT_MS / TRANSACTION_LOOKS);
    this.#receiving = { channel, command, message: new Uint8Array(length), received: 0, sequence: 0, looks: 0, timer };
    this.#take(this.#receiving, payload);
  }

  #continue({ channel, sequence, payload }: ContinuationPacket): void {
    const receiving = this.#receiving;
    if (receiving?.channel !== channel) return;
    if (sequence !== receiving.sequence) {
      this.#abort();
      return this.#error(channel, ERROR.INVALID_SEQ);
    }
    receiving.sequence += 1;
    receiving.looks = 0;
    this.#take(receiving, payload);
  }

  #take(receiving: Receiving, payload: Uint8Array): void {
    receiving.message.set(payload.subarray(0, receiving.message.length - receiving.received), receiving.received);
    receiving.received += payload.length;
    if (receiving.received < receiving.message.length) return;
    clearInterval(receiving.timer);
    this.#receiving = undefined;
    this.#dispatch(receiving);
  }

  #dispatch({ channel, command, message }: Receiving): void {
    if (command === CTAPHID.PING) return this.#reply(channel, command, message);
    if (command === CTAPHID.WINK) {
      if (message.length > 0) return this.#error(channel, ERROR.INVALID_LEN);
      return this.#reply(channel, command, message);
    }
    const { cbor, process, processApdu } = this.#options;
    const known = command === CTAPHID.CBOR ? cbor && process : command === CTAPHID.MSG && processApdu;
    if (!known) return this.#error(channel, ERROR.INVALID_CMD);
    if (message.length === 0) return this.#error(channel, ERROR.INVALID_LEN);
    void this.#carryOut(channel, command, (call) => known(message, call));
  }

  async #carryOut(channel: number, command: number, carryOut: (call: Call) => Promise<Uint8Array>): Promise<void> {
    let status: keyof typeof KEEPALIVE_STATUS = "processing";
    const keepalive = () => this.#reply(channel, CTAPHID.KEEPALIVE, Uint8Array.of(KEEPALIVE_STATUS[status]));
    const cancel = new AbortController();
    const fault = this.#faultIn("CBOR");
    if (isStuck(fault)) return this.#getStuck(channel, fault);
    const processing = { channel, cancel, keepalive: setInterval(keepalive, KEEPALIVE_MS) };
    this.#processing = processing;
    const answer = await carryOut({
      channel,
      signal: cancel.signal,
      setStatus: (next) => {
        if (next === "user_presence_needed" && next !== status && !cancel.signal.aborted) {
          status = next;
          keepalive();
        }
        status = next;
      },
    });
    // An INIT or an unplugging has ended the transaction in the meantime: nobody waits for the answer.
    if (this.#processing !== processing) return;
    clearInterval(processing.keepalive);
    this.#processing = undefined;
    this.#answer(channel, command, "CBOR", answer);
  }

  /** Works on the command for ever, whatever CANCEL says. */
  #getStuck(channel: number, fault: StuckFault): void {
    const signs: Record<StuckFault, () => void> = {
      mute: () => {},
      "endless keepalive": () => this.#reply(channel, CTAPHID.KEEPALIVE, Uint8Array.of(KEEPALIVE_STATUS.processing)),
      flood: () => {
        for (let count = 0; count < FLOOD_REPORTS; count += 1) this.#options.send(randomBytes(reportBytes));
      },
    };
    const keepalive = setInterval(signs[fault], fault === "flood" ? 1 : KEEPALIVE_MS);
    this.#processing = { channel, cancel: new AbortController(), keepalive };
  }

  #look(): void {
    const receiving = this.#receiving;
    if (receiving === undefined || (receiving.looks += 1) < TRANSACTION_LOOKS) return;
    clearInterval(receiving.timer);
    this.#receiving = undefined;
    this.#error(receiving.channel, ERROR.MSG_TIMEOUT);
  }

  #abort(): void {
    clearInterval(this.#receiving?.timer);
    this.#receiving = undefined;
    const processing = this.#processing;
    this.#processing = undefined;
    clearInterval(processing?.keepalive);
    processing?.cancel.abort();
  }

  #error(channel: number, code: number): void {
    this.#reply(channel, CTAPHID.ERROR, Uint8Array.of(code));
  }

  #faultIn(command: FaultSetting["in"]): FaultSetting["fault"] | undefined {
    const setting = this.#options.fault();
    return setting?.in === command ? setting.fault : undefined;
  }

  /** Answers a command, as the key's fault would have it. */
  #answer(channel: number, command: number, name: FaultSetting["in"], message: Uint8Array): void {
    const fault = this.#faultIn(name);
    if (fault === undefined) return this.#reply(channel, command, message);
    for (const report of spoiltReports(fault, channel, command, message)) this.#options.send(report);
  }

  #reply(channel: number, command: number, message: Uint8Array): void {
    for (const report of fragment(channel, command, message)) this.#options.send(report);
  }
}
