/** What the fuzzer starts from: the recorded ceremonies, as reports, as messages and by what they answer. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import { decodeCborMap } from "../../src/fido/codec/cbor.ts";
import { field } from "../../src/fido/codec/cbor-fields.ts";
import { CTAPHID, Reassembler } from "../../src/fido/hid/framing.ts";
import { reportBytes } from "../../src/fido/hid/transport.ts";
import recorded from "./corpus.json" with { type: "json" };

/** The PIN of every recorded key: it must not be found in any message. */
export const pin = "Sesam-\u00f6ffne-dich-4711";

/** Text that mutations plant in what a peer sends: it must not be found in any message. */
export const canary = "canary of the peer";

/** A ceremony as it is stored, bytes in hexadecimal, reports without their padding of zeros. */
export type RecordedCeremony = {
  name: string;
  /** The answer to CTAPHID_INIT; its nonce is zeros and stands for that of the asker. */
  allocation: string[];
  exchanges: { request: string; reports: string[] }[];
} & (
  | { kind: "create"; options: PublicKeyCredentialCreationOptionsJSON }
  | { kind: "get"; options: PublicKeyCredentialRequestOptionsJSON }
);

export interface Exchange {
  /** Command byte ‖ CBOR. */
  request: Uint8Array;
  /** The reports of the key, keepalives and all. */
  reports: Uint8Array[];
  /** Status byte ‖ CBOR. */
  answer: Uint8Array;
}

export interface Ceremony {
  name: string;
  kind: "create" | "get";
  options: unknown;
  allocation: Uint8Array[];
  exchanges: Exchange[];
}

export const corpus: readonly Ceremony[] = (recorded as RecordedCeremony[]).map((ceremony) => ({
  name: ceremony.name,
  kind: ceremony.kind,
  options: ceremony.options,
  allocation: ceremony.allocation.map(report),
  exchanges: ceremony.exchanges.map(({ request, reports }) => ({
    request: Uint8Array.fromHex(request),
    reports: reports.map(report),
    answer: answerOf(reports.map(report)),
  })),
}));

/** Every answer that is CBOR after its status byte. */
export const answers: readonly Uint8Array[] = corpus.flatMap(({ exchanges }) =>
  exchanges.map(({ answer }) => answer).filter((answer) => answer.length > 1),
);

/** The authenticator data of the recorded answers. */
export const authenticatorData: readonly Uint8Array[] = corpus.flatMap(({ exchanges }) =>
  exchanges.flatMap(({ request, answer }) => {
    if ((request[0] !== 0x01 && request[0] !== 0x02) || answer.length === 1) return [];
    const authData = decodeCborMap(answer.subarray(1)).get(0x02);
    return authData instanceof Uint8Array ? [authData] : [];
  }),
);

/** What a request asks for: its command, and the subcommand of authenticatorClientPIN. */
export function operation(request: Uint8Array): string {
  const command = request[0] ?? 0;
  return command === 0x06 ? `6.${field(decodeCborMap(request.subarray(1)), 0x02, "integer")}` : `${command}`;
}

function report(hex: string): Uint8Array {
  const bytes = new Uint8Array(reportBytes);
  bytes.set(Uint8Array.fromHex(hex));
  return bytes;
}

function answerOf(reports: readonly Uint8Array[]): Uint8Array {
  const [first] = reports;
  if (first === undefined) throw new Error("every recorded exchange has an answer");
  const reassembler = new Reassembler(new DataView(first.buffer).getUint32(0));
  for (const one of reports) {
    const message = reassembler.push(one);
    if (message?.command === CTAPHID.CBOR) return message.payload;
  }
  throw new Error("every recorded exchange ends with an answer");
}
