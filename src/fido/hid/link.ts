/** CTAPHID transactions over one connection, one after the other (CTAP 2.1 section 11.2.5). */
import { randomBytes } from "node:crypto";
import type { ExchangeOptions, KeepaliveStatus } from "../ctap2/device.ts";
import { VouchError } from "../../base/errors.ts";
import { trace } from "../../base/trace.ts";
import { CTAPHID, fragment, type Message, parsePacket, Reassembler } from "./framing.ts";
import { Inbox, type NoReport } from "./inbox.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

const defaultTimeoutMs = 10_000;
/** How long the key may take to end a command that was cancelled; honest keys need a few milliseconds. */
const cancelTimeoutMs = 1_000;
/** How long the key may take to answer an INIT on its own channel, which it does without doing anything else. */
const resyncTimeoutMs = 500;
/** A write that the system does not finish: the kernel itself gives a USB transfer five seconds. */
const writeTimeoutMs = 6_000;
const busyDelaysMs = [20, 50, 100, 200, 400];

/** The length of the number that tells one INIT from another, in bytes. */
export const nonceBytes = 8;
const STATUS_UPNEEDED = 2;
const ERR_CHANNEL_BUSY = 0x06;
/**
 * ERR_INVALID_LEN, ERR_INVALID_SEQ, ERR_MSG_TIMEOUT: the key never got the whole message (a host under load is slower
 * between two packets than the 500 ms of section 11.2.5.2), so the message had no effect.
 */
const notTaken = new Set([0x03, 0x04, 0x05]);

/** CTAPHID_ERROR codes (section 11.2.9.1.6) in words. */
const errorNames: Readonly<Record<number, string>> = {
  0x01: "invalid command",
  0x02: "invalid parameter",
  0x03: "invalid message length",
  0x04: "invalid message sequencing",
  0x05: "message timed out",
  0x06: "channel busy",
  0x0a: "command requires channel lock",
  0x0b: "invalid channel",
  0x7f: "other error",
};

/** The key ended a transaction with CTAPHID_ERROR. */
export class ReportedError extends VouchError {
  /** The CTAPHID_ERROR code. */
  readonly reported: number;

  constructor(product: string, reported: number) {
    const { code, message, hint } = faulty(product, `reported "${errorNames[reported] ?? `error ${reported}`}"`);
    super(code, message, { hint });
    this.reported = reported;
  }
}

/** The key gave no answer at all, or none that is for us: it may be broken, or serve another program. */
export class NoAnswerError extends VouchError {
  /** @param isAtWork it gave signs of life, so it does not wait for another program's touch */
  constructor(product: string, isAtWork = false) {
    const { code, message, hint } = faulty(product, "did not answer in time");
    const another =
      "Another program may be waiting for a touch on it: end that, or take the security key out and plug it in again. Then repeat the command.";
    super(code, message, { hint: isAtWork ? hint : another });
  }
}

export interface TransactOptions extends ExchangeOptions {
  /** The limit on one answer in milliseconds, where it is shorter than that on the transaction with its repetitions. */
  answerTimeoutMs?: number;
  /** Whether a complete message is the answer; false passes over it. */
  accept: (message: Message) => boolean;
}

export class Link {
  readonly #info: HidDeviceInfo;
  readonly #connection: HidConnection;
  readonly #inbox: Inbox;
  readonly #onBusy: (() => void) | undefined;
  #active = false;
  #busyTold = false;
  /** Whether the key may still be at work on what it was sent. */
  #unfinished = false;

  /** @param onBusy called once, when the key turns out to be busy with another program and is asked again */
  constructor(connection: HidConnection, info: HidDeviceInfo, onBusy?: () => void) {
    this.#info = info;
    this.#connection = connection;
    this.#inbox = new Inbox(connection);
    this.#onBusy = onBusy;
  }

  /** The name for people, which changes once the key has told its model. */
  get product(): string {
    return this.#info.product;
  }

  get usbProduct(): string | undefined {
    return this.#info.usbProduct;
  }

  /**
   * Sends a message and waits for its answer; sends it again while the key is busy with another program, and once when
   * the key did not get the whole message. Whatever goes wrong, the channel is idle afterwards, unless the key no longer listens.
   * @throws VouchError `security_key_busy`, `security_key_error`, `touch_timeout`, `cancelled`, or what the
   *   connection throws
   */
  async transact(channel: number, command: number, payload: Uint8Array, options: TransactOptions): Promise<Uint8Array> {
    if (this.#active) throw new VouchError("internal_error", "Expected one command at a time on the security key.");
    if (options.signal?.aborted) throw cancelled();
    const deadline = performance.now() + (options.timeoutMs ?? defaultTimeoutMs);
    this.#active = true;
    try {
      for (let busyAnswers = 0, repeated = command === CTAPHID.INIT; ;) {
        this.#inbox.start();
        this.#unfinished = true;
        await this.#write(fragment(channel, command, payload));
        const answer = await this.#answer(channel, command, deadline, options, busyAnswers > 0);
        if (answer instanceof Uint8Array) return answer;
        trace(
          "hid",
          `channel 0x${channel.toString(16)}: CTAPHID_ERROR, ${answer === "busy" ? "busy" : answer.message}`,
        );
        if (answer === "busy") {
          this.#tellBusy();
          await this.#pause(busyAnswers, deadline, options.signal);
          busyAnswers += 1;
        } else {
          if (repeated) throw answer;
          repeated = true;
          // The key may have more to say of packets that came late: its answer to INIT is the last of that.
          await this.#resynchronize(channel);
        }
      }
    } catch (error) {
      if (this.#unfinished && command !== CTAPHID.INIT) await this.#resynchronize(channel);
      throw error;
    } finally {
      this.#active = false;
      this.#inbox.stop();
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #answer(
    channel: number,
    command: number,
    deadline: number,
    { accept, signal, onKeepalive, answerTimeoutMs = Number.POSITIVE_INFINITY }: TransactOptions,
    wasBusy: boolean,
  ): Promise<Uint8Array | "busy" | ReportedError> {
    const reassembler = new Reassembler(channel);
    const limit = Math.min(deadline, performance.now() + answerTimeoutMs);
    let status: KeepaliveStatus | undefined;
    for (;;) {
      const report = await this.#inbox.next(limit, signal);
      if (typeof report === "string") {
        if (command !== CTAPHID.INIT) await this.#cancel(channel, reassembler);
        // Asked once more a moment before the limit, it had no time to say again that it is busy.
        if (report === "deadline" && wasBusy && status === undefined) throw busy(this.product);
        throw this.#ended(report, status);
      }
      const message = reassembler.push(report);
      if (message === undefined) continue;
      if (message.command === CTAPHID.KEEPALIVE) {
        const last = status;
        status = message.payload[0] === STATUS_UPNEEDED ? "user_presence_needed" : "processing";
        if (status !== last) trace("hid", `channel 0x${channel.toString(16)}: CTAPHID_KEEPALIVE ${status}`);
        onKeepalive?.(status);
      } else if (message.command === CTAPHID.ERROR) {
        this.#unfinished = false;
        const code = message.payload[0] ?? 0x7f;
        if (code === ERR_CHANNEL_BUSY) return "busy";
        const error = new ReportedError(this.product, code);
        // Whoever sends signs of life has the message.
        if (notTaken.has(code) && status === undefined) return error;
        throw error;
      } else if (accept(message)) {
        this.#unfinished = false;
        return message.payload;
      }
    }
  }

  #ended(reason: NoReport, status: KeepaliveStatus | undefined): VouchError {
    if (reason === "aborted") return cancelled();
    if (status !== "user_presence_needed") return new NoAnswerError(this.product, status === "processing");
    return new VouchError("touch_timeout", `${this.product} was not touched in time.`, {
      hint: "Repeat the command and touch the key when it blinks; --timeout gives more time.",
    });
  }

  /** Ends the pending command on the key and waits until it says so, so that the next command finds it idle. */
  async #cancel(channel: number, reassembler: Reassembler): Promise<void> {
    const deadline = performance.now() + cancelTimeoutMs;
    try {
      await this.#write(fragment(channel, CTAPHID.CANCEL, new Uint8Array(0)));
      for (;;) {
        const report = await this.#inbox.next(deadline);
        if (typeof report === "string") return;
        const message = reassembler.push(report);
        if (message === undefined || message.command === CTAPHID.KEEPALIVE) continue;
        this.#unfinished = false;
        return;
      }
    } catch {
      // The command is given up either way; why it was is what the caller must hear, not that the key is gone too.
    }
  }

  /**
   * INIT on the channel itself makes the key drop whatever goes on there (section 11.2.9.1.3): the way back from an
   * answer that cannot be understood, and from a command that cannot be cancelled.
   */
  async #resynchronize(channel: number): Promise<void> {
    const deadline = performance.now() + resyncTimeoutMs;
    const nonce = randomBytes(nonceBytes);
    try {
      await this.#write(fragment(channel, CTAPHID.INIT, nonce));
      for (;;) {
        const report = await this.#inbox.next(deadline);
        if (typeof report === "string" || isAnswer(report, channel, nonce)) return;
      }
    } catch {
      // As in #cancel: a key that does not come back will say so to the next command.
    }
  }

  #tellBusy(): void {
    if (!this.#busyTold) this.#onBusy?.();
    this.#busyTold = true;
  }

  async #pause(attempt: number, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const delay = busyDelaysMs[Math.min(attempt, busyDelaysMs.length - 1)] ?? 0;
    const until = performance.now() + delay;
    if (until > deadline) throw busy(this.product);
    this.#inbox.start();
    while (performance.now() < until) {
      if ((await this.#inbox.next(until, signal)) === "aborted") throw cancelled();
    }
  }

  async #write(reports: Uint8Array[]): Promise<void> {
    for (const report of reports) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(faulty(this.product, "did not take what was sent")), writeTimeoutMs);
      });
      try {
        await Promise.race([this.#connection.write(report), limit]);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

/** Whether the report is the key's answer to the INIT with this nonce, whatever else it may be in the middle of. */
function isAnswer(report: Uint8Array, channel: number, nonce: Buffer): boolean {
  try {
    const packet = parsePacket(report);
    return (
      packet.kind === "initialization" &&
      packet.channel === channel &&
      packet.command === CTAPHID.INIT &&
      nonce.equals(packet.payload.subarray(0, nonceBytes))
    );
  } catch {
    return false;
  }
}

function cancelled(): VouchError {
  return new VouchError("cancelled", "Cancelled.");
}

export function busy(product: string): VouchError {
  return new VouchError("security_key_busy", `${product} is busy with another program.`, {
    hint: "End what the other program asks of the key (it may blink), then repeat the command.",
  });
}

/** What no honest key does. `what` is the rest of a sentence, without its full stop. */
export function faulty(product: string, what: string): VouchError {
  return new VouchError("security_key_error", `${product} ${what}.`, {
    hint: "Take the security key out, plug it in again and repeat the command.",
  });
}
