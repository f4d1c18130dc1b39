/** CTAPHID transactions over one connection, one at a time (CTAP 2.1 section 11.2.5). */
import { randomBytes } from "node:crypto";
import type { ExchangeOptions, KeepaliveStatus } from "../ctap2/device.ts";
import { VouchError } from "../../base/errors.ts";
import { trace } from "../../base/trace.ts";
import { CTAPHID, fragment, type Message, parsePacket, Reassembler } from "./framing.ts";
import { Inbox, type NoReport } from "./inbox.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

const defaultTimeoutMs = 10_000;
/** Timeout for the end of a cancelled command; keys that follow the specification need a few milliseconds. */
const cancelTimeoutMs = 1_000;
/** Timeout of an INIT on the allocated channel, which a key answers at once. */
const resyncTimeoutMs = 500;
/** Write timeout, above the five seconds of the kernel's own timeout for a USB transfer. */
const writeTimeoutMs = 6_000;
const busyDelaysMs = [20, 50, 100, 200, 400];

/** Length of an INIT nonce, in bytes. */
export const nonceBytes = 8;
const STATUS_UPNEEDED = 2;
const ERR_CHANNEL_BUSY = 0x06;
/**
 * ERR_INVALID_LEN, ERR_INVALID_SEQ, ERR_MSG_TIMEOUT: the key did not receive the whole message, so a retry is safe. A
 * host under load may exceed the 500 ms between two packets (section 11.2.5.2).
 */
const notTaken = new Set([0x03, 0x04, 0x05]);

/** Descriptions of the CTAPHID_ERROR codes (section 11.2.9.1.6). */
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

/** The key answered a transaction with CTAPHID_ERROR. */
export class ReportedError extends VouchError {
  /** The CTAPHID_ERROR code. */
  readonly reported: number;

  constructor(product: string, reported: number) {
    const { code, message, hint } = faulty(product, `reported "${errorNames[reported] ?? `error ${reported}`}"`);
    super(code, message, { hint });
    this.reported = reported;
  }
}

/** Timeout without a response for this program: the key may be broken, or serve another program. */
export class NoAnswerError extends VouchError {
  /** `isAtWork`: the key sent keepalives, so it is not waiting for a touch for another program. */
  constructor(product: string, isAtWork = false) {
    const { code, message, hint } = faulty(product, "did not answer in time");
    const another =
      "Another program may be waiting for a touch on it: end that, or take the security key out and plug it in again. Then repeat the command.";
    super(code, message, { hint: isAtWork ? hint : another });
  }
}

export interface TransactOptions extends ExchangeOptions {
  /** Timeout of one response in milliseconds, if shorter than that of the transaction with its retries. */
  answerTimeoutMs?: number;
  /** Whether a complete message is the response; false ignores the message. */
  accept: (message: Message) => boolean;
}

export class Link {
  readonly #info: HidDeviceInfo;
  readonly #connection: HidConnection;
  readonly #inbox: Inbox;
  readonly #onBusy: (() => void) | undefined;
  #active = false;
  #busyTold = false;
  /** Whether the key may still process the last message. */
  #unfinished = false;

  /** `onBusy` is called once, before the first retry of a key that is busy with another program. */
  constructor(connection: HidConnection, info: HidDeviceInfo, onBusy?: () => void) {
    this.#info = info;
    this.#connection = connection;
    this.#inbox = new Inbox(connection);
    this.#onBusy = onBusy;
  }

  /** Display name; changes once the model is known. */
  get product(): string {
    return this.#info.product;
  }

  get path(): string {
    return this.#info.path;
  }

  get usbProduct(): string | undefined {
    return this.#info.usbProduct;
  }

  /**
   * Sends a message and waits for its response. Retries while the key is busy with another program, and once if the key
   * did not receive the whole message. After an error the channel is idle again, unless the key no longer answers.
   * Throws `security_key_busy`, `security_key_error`, `touch_timeout`, `cancelled`, and the connection's errors.
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
          // Late packets may cause further errors; the response to INIT is the last of them.
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
        // The last retry came too shortly before the timeout for another busy response.
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
        // A key that sent keepalives has received the message: no retry.
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

  /** Cancels the pending command and waits for its end, so that the next command finds the key idle. */
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
      // Errors are ignored: the caller gets the reason for the cancellation, not its side effects.
    }
  }

  /**
   * INIT on the allocated channel aborts the pending transaction there (section 11.2.9.1.3): the recovery after a
   * malformed response or a command that cannot be cancelled.
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
      // Errors are ignored, as in #cancel: the next command reports them.
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

/** Whether the report is the response to the INIT with this nonce; a malformed report is not. */
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

/** The error for a key that another program uses; `product` is the name that the key reports. */
export function busy(product: string): VouchError {
  return new VouchError("security_key_busy", `${product} is busy with another program.`, {
    hint: "End what the other program asks of the key (it may blink), then repeat the command.",
  });
}

/**
 * The error for a key that violates the protocol. `what` completes the sentence after the product name, without the
 * full stop.
 */
export function faulty(product: string, what: string): VouchError {
  return new VouchError("security_key_error", `${product} ${what}.`, {
    hint: "Take the security key out, plug it in again and repeat the command.",
  });
}
