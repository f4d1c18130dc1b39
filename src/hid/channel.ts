/** A CTAPHID channel to one security key: transactions with keepalive and cancel (CTAP 2.1 section 11.2). */
import { randomBytes } from "node:crypto";
import type { CtapDevice, ExchangeOptions, KeepaliveStatus } from "../ctap2/device.ts";
import { VouchError } from "../errors.ts";
import { BROADCAST_CHANNEL, CTAPHID, fragment, type Message, Reassembler } from "./framing.ts";
import { Inbox, type NoReport } from "./inbox.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

const INIT_TIMEOUT_MS = 3_000;
const DEFAULT_TIMEOUT_MS = 10_000;
/** How long the key may take to end a command that was cancelled; honest keys need a few milliseconds. */
const CANCEL_TIMEOUT_MS = 1_000;
/** A write that the system does not finish: the kernel itself gives a USB transfer five seconds. */
const WRITE_TIMEOUT_MS = 6_000;
const BUSY_DELAYS_MS = [20, 50, 100, 200, 400];

const NONCE_BYTES = 8;
const INIT_RESPONSE_BYTES = 17;
const CAPABILITY_CBOR = 0x04;
const STATUS_UPNEEDED = 2;
const ERR_CHANNEL_BUSY = 0x06;

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

/**
 * Allocates a channel on the key. The connection belongs to the channel from now on: it is closed with it, and when
 * this fails.
 * @throws VouchError `security_key_unsupported` when the key speaks only U2F, `security_key_busy`,
 *   `security_key_error` or what the connection throws
 */
export async function openChannel(connection: HidConnection, info: HidDeviceInfo): Promise<CtapDevice> {
  const link = new Link(connection, info.product);
  try {
    const nonce = randomBytes(NONCE_BYTES);
    const answer = await link.transact(BROADCAST_CHANNEL, CTAPHID.INIT, nonce, {
      timeoutMs: INIT_TIMEOUT_MS,
      // Every program that has the key open sees every answer: one with a foreign nonce is for another.
      accept: ({ command, payload }) =>
        command === CTAPHID.INIT &&
        payload.length >= INIT_RESPONSE_BYTES &&
        nonce.equals(payload.subarray(0, NONCE_BYTES)),
    });
    const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
    const channel = view.getUint32(NONCE_BYTES);
    if (channel === 0 || channel === BROADCAST_CHANNEL) {
      throw faulty(info.product, `gave the reserved channel ${channel.toString(16)}`);
    }
    if ((view.getUint8(INIT_RESPONSE_BYTES - 1) & CAPABILITY_CBOR) === 0) {
      throw new VouchError(
        "security_key_unsupported",
        `${info.product} speaks only U2F (CTAP1), which cannot verify a PIN`,
        { hint: "Use a FIDO2 security key." },
      );
    }
    return new Channel(link, channel);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class Channel implements CtapDevice {
  readonly product: string;
  readonly #link: Link;
  readonly #channel: number;

  constructor(link: Link, channel: number) {
    this.product = link.product;
    this.#link = link;
    this.#channel = channel;
  }

  async exchange(message: Uint8Array, options: ExchangeOptions = {}): Promise<Uint8Array> {
    const answer = await this.#link.transact(this.#channel, CTAPHID.CBOR, message, {
      ...options,
      accept: ({ command }) => {
        if (command === CTAPHID.CBOR) return true;
        throw faulty(this.product, `answered with the command ${command} instead of ${CTAPHID.CBOR}`);
      },
    });
    if (answer.length === 0) throw faulty(this.product, "sent an empty answer");
    return answer;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

interface TransactOptions extends ExchangeOptions {
  /** Whether a complete message is the answer; false passes over it. */
  accept: (message: Message) => boolean;
}

/** One transaction after the other over a connection. */
class Link {
  readonly product: string;
  readonly #connection: HidConnection;
  readonly #inbox: Inbox;
  #active = false;

  constructor(connection: HidConnection, product: string) {
    this.product = product;
    this.#connection = connection;
    this.#inbox = new Inbox(connection);
  }

  async transact(channel: number, command: number, payload: Uint8Array, options: TransactOptions): Promise<Uint8Array> {
    if (this.#active) throw new VouchError("internal_error", "Expected one command at a time on the security key.");
    if (options.signal?.aborted) throw cancelled();
    const deadline = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#active = true;
    try {
      for (let attempt = 0; ; attempt += 1) {
        this.#inbox.start();
        await this.#write(fragment(channel, command, payload));
        const answer = await this.#answer(channel, command, deadline, options, attempt > 0);
        if (answer !== "busy") return answer;
        await this.#pause(attempt, deadline, options.signal);
      }
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
    { accept, signal, onKeepalive }: TransactOptions,
    wasBusy: boolean,
  ): Promise<Uint8Array | "busy"> {
    const reassembler = new Reassembler(channel);
    let status: KeepaliveStatus | undefined;
    for (;;) {
      const report = await this.#inbox.next(deadline, signal);
      if (typeof report === "string") {
        if (command === CTAPHID.CBOR) await this.#cancel(channel, reassembler);
        if (report === "deadline" && wasBusy && status === undefined) throw busy(this.product);
        throw this.#ended(report, status);
      }
      const message = reassembler.push(report);
      if (message === undefined) continue;
      if (message.command === CTAPHID.KEEPALIVE) {
        status = message.payload[0] === STATUS_UPNEEDED ? "user_presence_needed" : "processing";
        onKeepalive?.(status);
      } else if (message.command === CTAPHID.ERROR) {
        const code = message.payload[0] ?? 0x7f;
        if (code === ERR_CHANNEL_BUSY) return "busy";
        throw faulty(this.product, `reported "${errorNames[code] ?? `error ${code}`}"`);
      } else if (accept(message)) {
        return message.payload;
      }
    }
  }

  #ended(reason: NoReport, status: KeepaliveStatus | undefined): VouchError {
    if (reason === "aborted") return cancelled();
    if (status !== "user_presence_needed") return faulty(this.product, "did not answer in time");
    return new VouchError("touch_timeout", `${this.product} was not touched in time`, {
      hint: "Repeat the command and touch the key when it blinks; --timeout gives more time.",
    });
  }

  /** Ends the pending command on the key and waits until it says so, so that the next command finds it idle. */
  async #cancel(channel: number, reassembler: Reassembler): Promise<void> {
    const deadline = performance.now() + CANCEL_TIMEOUT_MS;
    try {
      await this.#write(fragment(channel, CTAPHID.CANCEL, new Uint8Array(0)));
      for (;;) {
        const report = await this.#inbox.next(deadline);
        if (typeof report === "string") return;
        const message = reassembler.push(report);
        if (message !== undefined && message.command !== CTAPHID.KEEPALIVE) return;
      }
    } catch {
      // The command is given up either way; why it was is what the caller must hear, not that the key is gone too.
    }
  }

  async #pause(attempt: number, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const delay = BUSY_DELAYS_MS[Math.min(attempt, BUSY_DELAYS_MS.length - 1)] ?? 0;
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
        timer = setTimeout(() => reject(faulty(this.product, "did not take what was sent")), WRITE_TIMEOUT_MS);
      });
      try {
        await Promise.race([this.#connection.write(report), limit]);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

function cancelled(): VouchError {
  return new VouchError("cancelled", "Cancelled.");
}

function busy(product: string): VouchError {
  return new VouchError("security_key_busy", `${product} is busy with another program`, {
    hint: "End what the other program asks of the key (it may blink), then repeat the command.",
  });
}

function faulty(product: string, what: string): VouchError {
  return new VouchError("security_key_error", `${product} ${what}`, {
    hint: "Take the security key out, plug it in again and repeat the command.",
  });
}
