/** A HID connection whose other end is a script: what the host must send, and what the key sends back. */
import { CTAPHID, fragment } from "../../../src/fido/hid/framing.ts";
import type { HidConnection, HidDeviceInfo } from "../../../src/fido/hid/transport.ts";

/** What the host must write next, or what arrives at it; a function is given all that was written so far. */
type Step =
  | { host: Uint8Array }
  | { anyFromHost: true }
  | { key: Uint8Array | ((written: readonly Uint8Array[]) => Uint8Array) }
  | { error: Error };

export const info: HidDeviceInfo = { path: "script", product: "Test Key", vendorId: 0x1209, productId: 0xf1d0 };
export const BROADCAST = 0xffffffff;
export const CHANNEL = 0x00c0ffee;

/** The host's message, as reports that must be written. */
export function host(channel: number, command: number, message: Uint8Array = new Uint8Array(0)): Step[] {
  return fragment(channel, command, message).map((report) => ({ host: report }));
}

/** The key's message, as reports that arrive. */
export function key(channel: number, command: number, message: Uint8Array): Step[] {
  return fragment(channel, command, message).map((report) => ({ key: report }));
}

/** The allocation of {@link CHANNEL}: the host's INIT and the key's answer with the same nonce. */
export function allocation(changes: { capabilities?: number; channel?: number; before?: Step[] } = {}): Step[] {
  const { capabilities = 0x05, channel = CHANNEL, before = [] } = changes;
  const answer = (written: readonly Uint8Array[]) => {
    const nonce = written.at(-1)?.subarray(7, 15) ?? new Uint8Array(8);
    return fragment(BROADCAST, CTAPHID.INIT, initAnswer(nonce, channel, capabilities))[0] ?? new Uint8Array(64);
  };
  return [{ anyFromHost: true }, ...before, { key: answer }];
}

/** The payload of an INIT answer. */
export function initAnswer(nonce: Uint8Array, channel: number, capabilities: number): Uint8Array {
  const payload = new Uint8Array(17);
  payload.set(nonce);
  new DataView(payload.buffer).setUint32(8, channel);
  payload.set([2, 5, 4, 3, capabilities], 12);
  return payload;
}

export class ScriptedConnection implements HidConnection {
  readonly #script: Step[];
  readonly #written: Uint8Array[] = [];
  #receive: (report: Uint8Array) => void = () => {};
  #fail: (error: Error) => void = () => {};
  closed = false;

  constructor(...script: Step[][]) {
    this.#script = script.flat();
  }

  onReport(receive: (report: Uint8Array) => void): void {
    this.#receive = receive;
  }

  onError(receive: (error: Error) => void): void {
    this.#fail = receive;
  }

  write(report: Uint8Array): Promise<void> {
    const step = this.#script.shift();
    if (step === undefined || "key" in step || "error" in step) throw new Error(`unexpected report ${report.toHex()}`);
    if ("host" in step && step.host.toHex() !== report.toHex()) {
      throw new Error(`expected report ${step.host.toHex()}, got ${report.toHex()}`);
    }
    this.#written.push(report);
    this.#play();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Fails when a part of the script was not reached. */
  expectDone(): void {
    if (this.#script.length > 0)
      throw new Error(`${this.#script.length} steps are left: ${JSON.stringify(this.#script)}`);
  }

  /** What the key does before the host must write again, in the next turns of the event loop. */
  #play(): void {
    const step = this.#script[0];
    if (step === undefined || (!("key" in step) && !("error" in step))) return;
    this.#script.shift();
    setImmediate(() => {
      if ("error" in step) this.#fail(step.error);
      else this.#receive(typeof step.key === "function" ? step.key(this.#written) : step.key);
      this.#play();
    });
  }
}
