/** A CTAPHID channel to one security key (CTAP 2.1 section 11.2): allocated, used for CTAP2 messages, closed. */
import { randomBytes } from "node:crypto";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { VouchError } from "../errors.ts";
import { BROADCAST_CHANNEL, CTAPHID } from "./framing.ts";
import { faulty, Link, NONCE_BYTES, ReportedError } from "./link.ts";
import type { HidConnection, HidDeviceInfo } from "./transport.ts";

/** How long one INIT is waited for; a key answers it in milliseconds, one that just got its power in a second. */
const INIT_TIMEOUT_MS = 3_000;
const DEFAULT_TIMEOUT_MS = 10_000;

const INIT_RESPONSE_BYTES = 17;
const CAPABILITY_CBOR = 0x04;
const ERR_INVALID_CHANNEL = 0x0b;

export interface OpenChannelOptions {
  signal?: AbortSignal;
  /** The limit on waiting for a key that is busy with another program, in milliseconds. */
  timeoutMs?: number;
  /** The limit on every answer for which nobody is needed, in milliseconds; ten seconds at most, and without it. */
  answerTimeoutMs?: number;
  /** Called once, now or during a later command, when the key is busy with another program and is asked again. */
  onBusy?: () => void;
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
  const link = new Link(connection, info.product, options.onBusy);
  try {
    const { channel, capabilities } = await allocate(link, options);
    if ((capabilities & CAPABILITY_CBOR) === 0) {
      throw new VouchError(
        "security_key_unsupported",
        `${info.product} speaks only U2F (CTAP1), which cannot verify a PIN.`,
        { hint: "Use a FIDO2 security key." },
      );
    }
    return new Channel(link, channel, Math.min(DEFAULT_TIMEOUT_MS, options.answerTimeoutMs ?? DEFAULT_TIMEOUT_MS));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class Channel implements CtapDevice {
  readonly product: string;
  readonly #link: Link;
  readonly #answerTimeoutMs: number;
  #channel: number;

  constructor(link: Link, channel: number, answerTimeoutMs: number) {
    this.product = link.product;
    this.#link = link;
    this.#channel = channel;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  async exchange(message: Uint8Array, given: ExchangeOptions = {}): Promise<Uint8Array> {
    const options = { timeoutMs: this.#answerTimeoutMs, ...given };
    try {
      return await this.#send(message, options);
    } catch (error) {
      if (!(error instanceof ReportedError) || error.reported !== ERR_INVALID_CHANNEL) throw error;
      // A key has room for few channels and gives the oldest to the next program that asks.
      this.#channel = (await allocate(this.#link, options)).channel;
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

/** INIT on the broadcast channel; a second time when the first brought nothing that can be used. */
async function allocate(link: Link, options: OpenChannelOptions): Promise<{ channel: number; capabilities: number }> {
  try {
    return await initialize(link, options);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "security_key_error") throw error;
    return initialize(link, options);
  }
}

async function initialize(
  link: Link,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: OpenChannelOptions,
): Promise<{ channel: number; capabilities: number }> {
  const nonce = randomBytes(NONCE_BYTES);
  const answer = await link.transact(BROADCAST_CHANNEL, CTAPHID.INIT, nonce, {
    ...(signal === undefined ? {} : { signal }),
    timeoutMs,
    answerTimeoutMs: Math.min(INIT_TIMEOUT_MS, timeoutMs / 2),
    // Every program that has the key open sees every answer: one with a foreign nonce is for another.
    accept: ({ command, payload }) =>
      command === CTAPHID.INIT &&
      payload.length >= INIT_RESPONSE_BYTES &&
      nonce.equals(payload.subarray(0, NONCE_BYTES)),
  });
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const channel = view.getUint32(NONCE_BYTES);
  if (channel === 0 || channel === BROADCAST_CHANNEL) {
    throw faulty(link.product, `gave the reserved channel ${channel.toString(16)}`);
  }
  return { channel, capabilities: view.getUint8(INIT_RESPONSE_BYTES - 1) };
}
