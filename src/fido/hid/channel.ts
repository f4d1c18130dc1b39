/** A CTAPHID channel to one security key (CTAP 2.1 section 11.2): allocation, CTAP2 messages, close. */
import { randomBytes } from "node:crypto";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { VouchError } from "../../base/errors.ts";
import { reasonOf, trace } from "../../base/trace.ts";
import { BROADCAST_CHANNEL, CTAPHID } from "./framing.ts";
import { faulty, Link, NoAnswerError, nonceBytes, ReportedError } from "./link.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

/** Timeout of one INIT; a key answers in milliseconds, or within a second after power-up. */
const initTimeoutMs = 2_000;
/** A busy key gets no further INIT if less time than this remains. */
const minInitTimeoutMs = 500;
const defaultTimeoutMs = 10_000;

const initResponseBytes = 17;
const CAPABILITY_CBOR = 0x04;
const ERR_INVALID_CHANNEL = 0x0b;

export interface OpenChannelOptions {
  signal?: AbortSignal;
  /** Timeout for a busy or silent key, in milliseconds. */
  timeoutMs?: number;
  /** Timeout of each response that needs no touch, in milliseconds; at most, and by default, 10 s. */
  answerTimeoutMs?: number;
  /** Called once, now or during a later command, before the first retry of a key that is busy with another program. */
  onBusy?: () => void;
  /** Called once, before the first retry of an unanswered INIT. */
  onSilent?: () => void;
}

/**
 * Allocates a channel on the key. The channel takes ownership of the connection: closing the channel, or a failure
 * here, closes it. Throws `security_key_unsupported` (the key supports only U2F), `security_key_busy`,
 * `security_key_error`, `cancelled`, and the connection's errors.
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

  get path(): string {
    return this.#link.path;
  }

  get usbProduct(): string | undefined {
    return this.#link.usbProduct;
  }

  async exchange(message: Uint8Array, given: ExchangeOptions = {}): Promise<Uint8Array> {
    const options = { timeoutMs: this.#answerTimeoutMs, ...given };
    try {
      return await this.#send(message, options);
    } catch (error) {
      // Keys support few channels and reassign the oldest to the next program: reallocate and retry once.
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
        // The late response to an INIT that gave this channel a fresh start.
        if (command === CTAPHID.INIT) return false;
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

/** Whether the response lost packets, which happens on a host under load, or violates the protocol. */
function isGarbled(error: unknown): boolean {
  return error instanceof VouchError && error.code === "security_key_error" && !(error instanceof NoAnswerError);
}

/**
 * Sends INIT on the broadcast channel. Without a response, retries until the timeout: a key that waits for a touch may
 * drop other programs' packets (OpenSK). After an invalid response, retries once.
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
        // Retries continue if a busy key just stopped answering; they end on timeout, or if too little time remains.
        if (left < minInitTimeoutMs) throw reason;
      } else if (reason.code !== "security_key_error" || (faults += 1) > 1) throw error;
    }
  }
}

/**
 * One INIT attempt. `nonces` has those of earlier attempts, whose late responses are accepted too; the new one is
 * appended.
 */
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
    // Every program with the key open receives every response; a foreign nonce marks another program's.
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
