/** A CtapDevice that answers from a list and keeps what it was sent. */
import type { CtapDevice } from "../../../src/fido/ctap2/device.ts";

export class AnsweringDevice implements CtapDevice {
  readonly product = "Test Key";
  /** What was sent, in hexadecimal. */
  readonly sent: string[] = [];
  readonly #answers: Uint8Array[];

  /** @param answers status byte ‖ CBOR in hexadecimal, in the order of the messages */
  constructor(...answers: string[]) {
    this.#answers = answers.map((answer) => Uint8Array.fromHex(answer));
  }

  exchange(message: Uint8Array): Promise<Uint8Array> {
    this.sent.push(message.toHex());
    const answer = this.#answers.shift();
    return answer === undefined ? Promise.reject(new Error("no answer is left")) : Promise.resolve(answer);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
