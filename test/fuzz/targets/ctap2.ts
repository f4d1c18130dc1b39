/** CBOR, and the answers of a key to each command. */
import { decodeCbor, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { getPINRetries, getUVRetries } from "../../../src/fido/ctap2/client-pin.ts";
import type { CtapDevice } from "../../../src/fido/ctap2/device.ts";
import { getAssertions } from "../../../src/fido/ctap2/get-assertion.ts";
import { getInfo } from "../../../src/fido/ctap2/get-info.ts";
import { makeCredential } from "../../../src/fido/ctap2/make-credential.ts";
import { changePIN, setPIN } from "../../../src/fido/ctap2/pin.ts";
import {
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
  getPinUvAuthTokenUsingUvWithPermissions,
} from "../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { selection } from "../../../src/fido/ctap2/selection.ts";
import { Secret } from "../../../src/base/secret.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { answers, authenticatorData, corpus, operation } from "../corpus.ts";
import { mutateCbor } from "../mutations/cbor.ts";
import type { Random } from "../mutations/random.ts";
import type { Target } from "../target.ts";
import { Violation } from "../surroundings/violation.ts";

const MAX_MUTATIONS = 4;
/** More answers than any command asks for: getNextAssertion ends at 1024. */
const MAX_EXCHANGES = 1_100;
const STATUS_BYTES = 1;

const bodies = [...answers.map((answer) => answer.subarray(STATUS_BYTES)), ...authenticatorData];

export const cbor: Target = {
  name: "cbor",
  reads: "one item, and again what was written of it (src/fido/codec/cbor.ts)",
  share: 210,
  input(random) {
    let bytes = random.pick(bodies);
    for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) bytes = mutateCbor(random, bytes, bodies);
    return [bytes];
  },
  run([bytes = new Uint8Array(0)]) {
    const value = decodeCbor(bytes);
    expectBounded(value, bytes.length);
    const canonical = encodeCbor(value);
    if (!Buffer.from(encodeCbor(decodeCbor(canonical))).equals(canonical)) {
      throw new Violation(`it reads back as something else: ${canonical.toHex()}`);
    }
    return value;
  },
};

/** Everything that a command's reader needs, in the order in which a key is asked. */
const readers: readonly {
  name: string;
  operations: readonly string[];
  ask: (device: CtapDevice) => Promise<unknown>;
}[] = [
  { name: "getInfo", operations: ["4"], ask: (device) => getInfo(device) },
  { name: "getPINRetries", operations: ["6.1"], ask: (device) => getPINRetries(device, 1) },
  { name: "getUVRetries", operations: ["6.7"], ask: (device) => getUVRetries(device, 2) },
  { name: "setPIN", operations: ["6.2", "6.3"], ask: (device) => setPIN(device, 2, new Secret("a new PIN")) },
  {
    name: "changePIN",
    operations: ["6.2", "6.4"],
    ask: (device) => changePIN(device, 1, new Uint8Array(16), new Secret("a new PIN")),
  },
  { name: "getPinToken", operations: ["6.2", "6.5"], ask: (device) => getPinToken(device, 1, new Uint8Array(16)) },
  {
    name: "getPinUvAuthTokenUsingPinWithPermissions",
    operations: ["6.2", "6.9"],
    ask: (device) =>
      getPinUvAuthTokenUsingPinWithPermissions(device, 2, new Uint8Array(16), { permissions: 3, rpId: "example.com" }),
  },
  {
    name: "getPinUvAuthTokenUsingUvWithPermissions",
    operations: ["6.2", "6.6"],
    ask: (device) => getPinUvAuthTokenUsingUvWithPermissions(device, 2, { permissions: 3, rpId: "example.com" }),
  },
  {
    name: "makeCredential",
    operations: ["1"],
    ask: (device) =>
      makeCredential(device, {
        clientDataHash: new Uint8Array(32),
        rp: { id: "example.com", name: "Example" },
        user: { id: new Uint8Array(16), name: "dev@example.com", displayName: "" },
        algorithms: [-7],
        excludeList: [],
        options: { rk: true, uv: false },
      }),
  },
  {
    name: "getAssertion",
    operations: ["2", "8", "8"],
    ask: (device) =>
      getAssertions(device, {
        rpId: "example.com",
        clientDataHash: new Uint8Array(32),
        allowList: [],
        options: { up: true, uv: false },
      }),
  },
  { name: "selection", operations: ["4", "1"], ask: (device) => selection(device) },
];

/** The recorded answers to each operation. */
const recorded = Map.groupBy(
  corpus.flatMap(({ exchanges }) => exchanges),
  ({ request }) => operation(request),
);

export const commands: Target = {
  name: "ctap2",
  reads: "the answers to getInfo, clientPIN, makeCredential, getAssertion, selection (src/ctap2)",
  share: 150,
  input(random) {
    const index = random.below(readers.length);
    const operations = readers[index]?.operations ?? [];
    const given = operations.map((name) => answerTo(random, name));
    const at = random.below(given.length);
    return [Uint8Array.of(index), ...given.map((answer, place) => (place === at ? mutated(random, answer) : answer))];
  },
  run([control = new Uint8Array(1), ...given], time) {
    const reader = readers[(control[0] ?? 0) % readers.length];
    const device = new ReplayingDevice(given);
    const asked = async () => {
      const value = await reader?.ask(device);
      expectBounded(value, device.sentBytes);
      return value;
    };
    return time.until(asked());
  },
};

function answerTo(random: Random, name: string): Uint8Array {
  // What no recorded ceremony asked for is answered with something else's answer.
  return random.pick(recorded.get(name) ?? corpus.flatMap(({ exchanges }) => exchanges)).answer;
}

function mutated(random: Random, answer: Uint8Array): Uint8Array {
  let bytes = answer;
  for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) {
    bytes = mutateCbor(random, bytes, answers, STATUS_BYTES);
  }
  return bytes;
}

/** Gives one answer after the other, the last of them for ever. */
class ReplayingDevice implements CtapDevice {
  readonly product = "Replaying Key";
  /** All bytes that it has sent. */
  sentBytes = 0;
  readonly #answers: readonly Uint8Array[];
  #exchanges = 0;

  constructor(given: readonly Uint8Array[]) {
    this.#answers = given;
  }

  exchange(): Promise<Uint8Array> {
    const answer = this.#answers[Math.min(this.#exchanges, this.#answers.length - 1)] ?? new Uint8Array(0);
    this.#exchanges += 1;
    if (this.#exchanges > MAX_EXCHANGES) throw new Violation(`one command asked ${this.#exchanges} times`);
    this.sentBytes += answer.length;
    return Promise.resolve(answer);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
