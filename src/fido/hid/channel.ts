/** A CTAPHID channel to one security key (CTAP 2.1 section 11.2): allocated, used for CTAP2 messages, closed. */
import { randomBytes } from "node:crypto";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { VouchError } from "../../base/errors.ts";
import { reasonOf, trace } from "../../base/trace.ts";
import { BROADCAST_CHANNEL, CTAPHID } from "./framing.ts";
import { faulty, Link, NoAnswerError, nonceBytes, ReportedError } from "./link.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

/** How long one INIT is waited for; a key answers it in milliseconds, one that just got its power in a second. */
const initTimeoutMs = 2_000;
/** A busy key is not asked anew when less than this is left. */
const minInitTimeoutMs = 500;
const defaultTimeoutMs = 10_000;

const initResponseBytes = 17;
const CAPABILITY_CBOR = 0x04;
const ERR_INVALID_CHANNEL = 0x0b;

export interface OpenChannelOptions {
  signal?: AbortSignal;
  /** The limit on waiting for a key that is busy with another program or answers nothing, in milliseconds. */
  timeoutMs?: number;
  /** The limit on every answer for which nobody is needed, in milliseconds; ten seconds at most, and without it. */
  answerTimeoutMs?: number;
  /** Called once, now or during a later command, when the key is busy with another program and is asked again. */
  onBusy?: () => void;
  /** Called once when the key leaves an INIT unanswered and is asked again. */
  onSilent?: () => void;
}

/**
 * Allocates a channel on the key. The connection belongs to the channel from now on: it is closed with it, and when
 * this fails.
 * @throws VouchError `security_key_unsupported` when the key speaks only U2F, `security_key_busy`,
 *   `security_key_error`, `cancelled` or what the connection throws
 */
export async function openChannel(
  connection: HidConnection,
  info: HidDeviceInfo,
  options: OpenChannelOptions = {},
): Promise<CtapDevice> {
  const link = new Link(connection, info, options.onBusy);
  try {
    const { channel, capabilities } = await allocate(link, options);
    if ((capabilities & CAPABILITY_CBOR) === 0) {
      throw new VouchError(
        "security_key_unsupported",
        `${info.product} speaks only U2F (CTAP1), which cannot verify a PIN.`,
        { hint: "Use a FIDO2 security key." },
      );
    }
    return new Channel(link, channel, Math.min(defaultTimeoutMs, options.answerTimeoutMs ?? defaultTimeoutMs));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class Channel implements CtapDevice {
  readonly #link: Link;
  readonly #answerTimeoutMs: number;
  #channel: number;

  constructor(link: Link, channel: number, answerTimeoutMs: number) {
    this.#link = link;
    this.#channel = channel;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  get product(): string {
    return this.#link.product;
  }

  get usbProduct(): string | undefined {
    return this.#link.usbProduct;
  }

  async exchange(message: Uint8Array, given: ExchangeOptions = {}): Promise<Uint8Array> {
    const options = { timeoutMs: this.#answerTimeoutMs, ...given };
    try {
      return await this.#send(message, options);
    } catch (error) {
      // A key has room for few channels and gives the oldest to the next program that asks.
      if (error instanceof ReportedError && error.reported === ERR_INVALID_CHANNEL) {
        this.#channel = (await allocate(this.#link, options)).channel;
      } else if (given.repeatable !== true || !isGarbled(error)) throw error;
      trace("hid", `channel ${hex(this.#channel)}: sent again after ${reasonOf(error)}`);
      return this.#send(message, options);
    }
  }

  async #send(message: Uint8Array, options: ExchangeOptions): Promise<Uint8Array> {
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

/** An answer of which packets were lost, as it happens to a host under load, or that no honest key gives. */
function isGarbled(error: unknown): boolean {
  return error instanceof VouchError && error.code === "security_key_error" && !(error instanceof NoAnswerError);
}

/**
 * INIT on the broadcast channel: until the limit while nothing comes, for a key that waits for a touch may drop what
 * other programs send (OpenSK); a second time when what came cannot be used.
 */
async function allocate(
  link: Link,
  { signal, timeoutMs = defaultTimeoutMs, onSilent }: OpenChannelOptions,
): Promise<{ channel: number; capabilities: number }> {
  const deadline = performance.now() + timeoutMs;
  const answerTimeoutMs = Math.min(initTimeoutMs, timeoutMs / 2);
  const nonces: Buffer[] = [];
  for (let silences = 0, faults = 0; ;) {
    const options = { signal, timeoutMs: Math.max(0, deadline - performance.now()), answerTimeoutMs };
    try {
      return await initialize(link, nonces, options);
    } catch (error) {
      const reason = VouchError.from(error);
      trace("hid", `CTAPHID_INIT of ${link.product} -> ${reasonOf(error)}`);
      const left = deadline - performance.now();
      if (reason instanceof NoAnswerError) {
        if (left <= 0) throw reason;
        if ((silences += 1) === 1) onSilent?.();
      } else if (reason.code === "security_key_busy") {
        // It fell silent after it had said that it is busy; else the time is over, or not worth another question.
        if (left < minInitTimeoutMs) throw reason;
      } else if (reason.code !== "security_key_error" || (faults += 1) > 1) throw error;
    }
  }
}

/** @param nonces those of earlier attempts, whose late answers are as good; the new one is added */
async function initialize(
  link: Link,
  nonces: Buffer[],
  options: { signal: AbortSignal | undefined; timeoutMs: number; answerTimeoutMs: number },
): Promise<{ channel: number; capabilities: number }> {
  const { signal, ...limits } = options;
  const nonce = randomBytes(nonceBytes);
  nonces.push(nonce);
  const answer = await link.transact(BROADCAST_CHANNEL, CTAPHID.INIT, nonce, {
    ...(signal === undefined ? {} : { signal }),
    ...limits,
    // Every program that has the key open sees every answer: one with a foreign nonce is for another.
    accept: ({ command, payload }) =>
      command === CTAPHID.INIT &&
      payload.length >= initResponseBytes &&
      nonces.some((one) => one.equals(payload.subarray(0, nonceBytes))),
  });
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const channel = view.getUint32(nonceBytes);
  if (channel === 0 || channel === BROADCAST_CHANNEL) {
    throw faulty(link.product, `gave the reserved channel ${channel.toString(16)}`);
  }
  const capabilities = view.getUint8(initResponseBytes - 1);
  trace("hid", `channel ${hex(channel)} of ${link.product}, capabilities ${hex(capabilities)}`);
  return { channel, capabilities };
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
