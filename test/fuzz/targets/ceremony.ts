/** Whole ceremonies with a key, or a server, that does not say what it said in the recorded ceremony. */
import { CtapError } from "../../../src/fido/ctap2/status.ts";
import type { CtapDevice, ExchangeOptions } from "../../../src/fido/ctap2/device.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import type { Deed } from "../../../src/fido/webauthn/deed.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { answers, type Ceremony, corpus, operation } from "../corpus.ts";
import { mutateCbor } from "../mutations/cbor.ts";
import { mutateJson, parseJson } from "../mutations/json.ts";
import type { Target } from "../target.ts";
import { Violation } from "../surroundings/violation.ts";
import { within } from "../surroundings/virtual-time.ts";
import { person } from "./person.ts";

const origin = "https://vouch.example.com";
const MAX_MUTATIONS = 4;
const STATUS_BYTES = 1;
/** More than a ceremony with 1024 assertions for each part of the longest list asks for would be a loop. */
const MAX_EXCHANGES = 5_000;
/** The limit on the touch is 60 seconds; beside it 1024 assertions may come, a quarter of a second each. */
const MAX_TIME_MS = 400_000;

const statuses = [0x01, 0x02, 0x14, 0x2b, 0x2d, 0x2e, 0x2f, 0x31, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3c, 0x3f, 0x7f];

export const ceremony: Target = {
  name: "ceremony",
  reads: "whole enrolments and logins with a key or a server that says otherwise (src/fido/webauthn/ceremony.ts)",
  share: 50,
  input(random) {
    const index = random.below(corpus.length);
    const { exchanges, options } = corpus[index] as Ceremony;
    const json = JSON.stringify(random.oneIn(4) ? mutateJson(random, options) : options);
    // None is changed when it is the one after the last.
    const at = random.below(exchanges.length + 1);
    const given = exchanges.map(({ answer }, place) => {
      if (place !== at) return answer;
      if (random.oneIn(5)) return Uint8Array.of(random.pick(statuses));
      let bytes = answer;
      for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) {
        bytes = mutateCbor(random, bytes, answers, STATUS_BYTES);
      }
      return bytes;
    });
    return [Uint8Array.of(index, random.below(256)), new TextEncoder().encode(json), ...given];
  },
  run([control = new Uint8Array(2), json = new Uint8Array(0), ...given], time) {
    const recorded = corpus[(control[0] ?? 0) % corpus.length] as Ceremony;
    const device = new AnsweringDevice(recorded, given, control[1] ?? 0);
    const deed: Deed = { purpose: recorded.kind === "create" ? "enroll" : "login" };
    const carryOut = recorded.kind === "create" ? createCredential : getAssertion;
    const carriedOut = async () => {
      const value = await carryOut({ device, options: parseJson(json), origin, ui: person(), deed });
      expectBounded(value, json.length + device.sentBytes);
      return value;
    };
    return time.until(within(time, MAX_TIME_MS, carriedOut));
  },
};

/** Answers each operation with the answers to it in turn, then for ever with the last of them. */
class AnsweringDevice implements CtapDevice {
  readonly product = "Answering Key";
  sentBytes = 0;
  readonly #answers = new Map<string, Uint8Array[]>();
  readonly #delayMs: number;
  #exchanges = 0;

  constructor({ exchanges }: Ceremony, given: readonly Uint8Array[], delayMs: number) {
    this.#delayMs = delayMs;
    for (const [index, { request }] of exchanges.entries()) {
      const name = operation(request);
      const known = this.#answers.get(name) ?? [];
      known.push(given[index] ?? new Uint8Array(0));
      this.#answers.set(name, known);
    }
  }

  async exchange(request: Uint8Array, { signal, onKeepalive }: ExchangeOptions = {}): Promise<Uint8Array> {
    this.#exchanges += 1;
    if (this.#exchanges > MAX_EXCHANGES) throw new Violation(`a ceremony needed more than ${MAX_EXCHANGES} exchanges`);
    if (signal?.aborted) throw new VouchError("cancelled", "Cancelled.");
    await new Promise<void>((resolve) => void setTimeout(resolve, this.#delayMs));
    onKeepalive?.("user_presence_needed");
    const known = this.#answers.get(operation(request));
    if (known === undefined) throw new CtapError("INVALID_COMMAND");
    const answer = (known.length > 1 ? known.shift() : known[0]) ?? new Uint8Array(0);
    this.sentBytes += answer.length;
    return answer;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
