/** A HID connection behind which a device sends recorded reports, changed or not, in virtual time. */
import { VouchError } from "../../../src/base/errors.ts";
import { BROADCAST_CHANNEL, CTAPHID, fragment, parsePacket } from "../../../src/fido/hid/framing.ts";
import type { HidConnection } from "../../../src/fido/hid/transport.ts";

export interface Behaviour {
  /** Between two reports, in milliseconds. */
  delayMs: number;
  /** The last report of an answer comes again and again until the connection is closed. */
  floods: boolean;
  /** How it answers CTAPHID_CANCEL: as it must, or not at all. */
  cancel: "answered" | "ignored";
  /** What becomes of a write. */
  write: "taken" | "refused" | "stuck";
  /** The device is pulled out after the reports of this answer. */
  removedAfter: number | undefined;
}

const KEEPALIVE_CANCEL = 0x2d;
const nonce = { start: 7, end: 15 };

export class ReplayedConnection implements HidConnection {
  readonly #answers: readonly (readonly Uint8Array[])[];
  readonly #behaviour: Behaviour;
  #receive: (report: Uint8Array) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #missing = 0;
  #answered = 0;
  #first: Uint8Array | undefined;
  #closed = false;

  /** @param answers the reports that follow each message of the host; after the last answer there is silence */
  constructor(answers: readonly (readonly Uint8Array[])[], behaviour: Behaviour) {
    this.#answers = answers;
    this.#behaviour = behaviour;
  }

  onReport(receive: (report: Uint8Array) => void): void {
    this.#receive = receive;
  }

  onError(fail: (error: Error) => void): void {
    this.#fail = fail;
  }

  write(report: Uint8Array): Promise<void> {
    const { write } = this.#behaviour;
    if (write === "stuck" && this.#answered > 0) return new Promise(() => {});
    if (write === "refused" && this.#answered > 0) return Promise.reject(removed());
    const packet = parsePacket(report);
    if (packet.kind === "initialization") {
      this.#first = report;
      this.#missing = packet.length;
    }
    this.#missing -= packet.payload.length;
    if (this.#missing <= 0 && this.#first !== undefined) this.#answer(this.#first);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #answer(request: Uint8Array): void {
    const packet = parsePacket(request);
    this.#first = undefined;
    if (packet.kind === "initialization" && packet.command === CTAPHID.CANCEL) {
      if (this.#behaviour.cancel === "ignored") return;
      return this.#play(fragment(packet.channel, CTAPHID.CBOR, Uint8Array.of(KEEPALIVE_CANCEL)), false);
    }
    const answer = this.#answers[this.#answered] ?? [];
    this.#answered += 1;
    const asked = request.subarray(nonce.start, nonce.end);
    const reports = packet.channel === BROADCAST_CHANNEL ? answer.map((report) => withNonce(report, asked)) : answer;
    this.#play(reports, this.#answered === this.#behaviour.removedAfter);
  }

  #play(reports: readonly Uint8Array[], removes: boolean, index = 0): void {
    const { delayMs, floods } = this.#behaviour;
    setTimeout(() => {
      if (this.#closed) return;
      const report = reports[floods ? Math.min(index, reports.length - 1) : index];
      if (report !== undefined) this.#receive(report);
      else if (removes) this.#fail(removed());
      if (report !== undefined) this.#play(reports, removes, index + 1);
    }, delayMs);
  }
}

/** The nonce of the asker where the recording has zeros. */
function withNonce(report: Uint8Array, asked: Uint8Array): Uint8Array {
  if (report.length < nonce.end || report.subarray(nonce.start, nonce.end).some((byte) => byte !== 0)) return report;
  const copy = report.slice();
  copy.set(asked, nonce.start);
  return copy;
}

function removed(): VouchError {
  return new VouchError("security_key_removed", "The security key was taken out.");
}
