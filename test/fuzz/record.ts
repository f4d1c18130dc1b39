/**
 * Records what the fuzzer starts from: every report that the software key sends while whole ceremonies are carried out
 * with it and verified by the relying party. Written to `corpus.json` by `npm run fuzz -- --record`.
 */
import type { CtapDevice } from "../../src/fido/ctap2/device.ts";
import { openChannel } from "../../src/fido/hid/channel.ts";
import { CTAPHID, parsePacket } from "../../src/fido/hid/framing.ts";
import type { HidConnection } from "../../src/fido/hid/transport.ts";
import { createCredential, getAssertion } from "../../src/fido/webauthn/ceremony.ts";
import { plugIn } from "../authenticator/plugged-in.ts";
import type { Settings } from "../authenticator/settings.ts";
import { person } from "../fido/webauthn/person.ts";
import {
  authenticate,
  creationOptions,
  toEnroll,
  toLogIn,
  origin,
  register,
  requestOptions,
} from "../fido/webauthn/relying-party.ts";
import { type RecordedCeremony, pin } from "./corpus.ts";

interface Way {
  name: string;
  settings: Partial<Settings>;
  /** What the person types before the right PIN. */
  wrong?: string[];
  /** How many accounts are enrolled before the login. */
  accounts?: number;
  /** How many credentials of other keys the server's list names. */
  strangers?: number;
  residentKey?: "discouraged" | "preferred" | "required";
  /** The PIN that the person sets when the key wants one. */
  newPins?: string[];
}

const oldPin = "97531";

const ways: Way[] = [
  { name: "both PIN protocols", settings: { pin } },
  { name: "PIN protocol one", settings: { pin, protocols: [1] } },
  { name: "PIN protocol two, slow touch", settings: { pin, protocols: [2], touchDelayMs: 250 } },
  { name: "CTAP 2.0", settings: { pin, ctap: "2.0", protocols: [1] } },
  { name: "always verifying", settings: { pin, alwaysUv: true } },
  { name: "fingerprint", settings: { fingerprint: "matches" } },
  { name: "fingerprint, CTAP 2.0", settings: { fingerprint: "matches", ctap: "2.0", protocols: [1] } },
  { name: "unknown finger, then PIN", settings: { fingerprint: "fails", pin } },
  { name: "two wrong PINs", settings: { pin }, wrong: ["first-wrong", "second-wrong"] },
  { name: "three accounts", settings: { pin }, accounts: 3 },
  { name: "not discoverable", settings: { pin, capacity: 0 }, residentKey: "discouraged" },
  { name: "a first PIN", settings: {}, newPins: [pin] },
  { name: "a new PIN demanded", settings: { pin: oldPin, forcePINChange: true }, wrong: [oldPin], newPins: [pin] },
  { name: "no room", settings: { pin, capacity: 0 }, residentKey: "preferred" },
  { name: "long list", settings: { pin }, strangers: 12 },
];

/** Carries all ceremonies out with software keys. */
export async function record(): Promise<RecordedCeremony[]> {
  const recorded: RecordedCeremony[] = [];
  for (const way of ways) recorded.push(...(await recordWay(way)));
  return recorded;
}

async function recordWay(way: Way): Promise<RecordedCeremony[]> {
  const { name, settings, wrong = [], accounts = 1, strangers = 0, residentKey = "required", newPins } = way;
  await using plugged = await plugIn(settings);
  const recorded: RecordedCeremony[] = [];
  const excludeCredentials = Array.from({ length: strangers }, (_, index) => ({
    id: Buffer.alloc(64, index + 1).toString("base64url"),
  }));
  let credential: Awaited<ReturnType<typeof register>>["credential"] | undefined;
  for (let account = 0; account < accounts; account += 1) {
    const recorder = new Recorder(await plugged.connect());
    const options = await creationOptions({ userName: `dev${account}@example.com`, excludeCredentials });
    if (options.authenticatorSelection !== undefined) options.authenticatorSelection.residentKey = residentKey;
    const device = recorder.device(await openChannel(recorder.connection, plugged.info));
    const made = await createCredential({
      deed: toEnroll,
      device,
      options,
      origin,
      ui: person([...wrong, pin], 0, newPins ? { newPins } : {}),
    });
    ({ credential } = await register(options, made));
    recorded.push({ name: `create: ${name}`, kind: "create", options, ...recorder.recording() });
  }
  if (credential === undefined) throw new Error("at least one account is enrolled");
  const recorder = new Recorder(await plugged.connect());
  const listed = residentKey !== "required" || strangers > 0 ? [...excludeCredentials, credential] : [];
  const options = await requestOptions(listed);
  const device = recorder.device(await openChannel(recorder.connection, plugged.info));
  const got = await getAssertion({ deed: toLogIn, device, options, origin, ui: person([...wrong, pin], 0) });
  await authenticate(options, got, credential);
  recorded.push({ name: `get: ${name}`, kind: "get", options, ...recorder.recording() });
  // Of several accounts the last enrolment stands for all.
  return recorded.slice(-2);
}

/** Keeps the reports of a connection, sorted by the message that they answer. */
class Recorder {
  readonly connection: HidConnection;
  readonly #allocation: string[] = [];
  readonly #exchanges: { request: string; reports: string[] }[] = [];

  constructor(connection: HidConnection) {
    this.connection = {
      ...connection,
      onReport: (receive) =>
        connection.onReport((report) => {
          (this.#exchanges.at(-1)?.reports ?? this.#allocation).push(shorten(report));
          receive(report);
        }),
    };
  }

  device(device: CtapDevice): CtapDevice {
    return {
      product: device.product,
      exchange: (message, options) => {
        this.#exchanges.push({ request: message.toHex(), reports: [] });
        return device.exchange(message, options);
      },
      close: () => device.close(),
    };
  }

  recording(): Pick<RecordedCeremony, "allocation" | "exchanges"> {
    return { allocation: this.#allocation, exchanges: this.#exchanges };
  }
}

/** Hexadecimal without the padding; zeros in place of the nonce, which is another one in every replay. */
function shorten(report: Uint8Array): string {
  const copy = report.slice();
  const packet = parsePacket(copy);
  if (packet.kind === "initialization" && packet.command === CTAPHID.INIT) packet.payload.fill(0, 0, 8);
  return copy.toHex().replace(/(?:00)+$/, "");
}
