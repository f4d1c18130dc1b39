/** One CTAP2 command: request and response in CBOR (CTAP 2.1 sections 6 and 8). */
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../codec/cbor.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { CtapError } from "./status.ts";

/** Command bytes (section 6). */
export const AUTHENTICATOR = {
  MAKE_CREDENTIAL: 0x01,
  GET_ASSERTION: 0x02,
  GET_INFO: 0x04,
  CLIENT_PIN: 0x06,
  GET_NEXT_ASSERTION: 0x08,
  SELECTION: 0x0b,
} as const;

/** What a PIN/UV auth protocol adds to a request. */
export interface PinUvAuth {
  pinUvAuthParam: Uint8Array;
  pinUvAuthProtocol: number;
}

/**
 * Sends a command and gives the map of its answer, empty when there is none.
 * @throws CtapError for every status other than OK; VouchError `protocol_error` for an answer that is not CBOR
 */
export async function sendCommand(
  device: CtapDevice,
  command: number,
  request: CborMap | undefined,
  options?: ExchangeOptions,
): Promise<CborMap> {
  const body = request === undefined ? new Uint8Array(0) : encodeCbor(request);
  const message = new Uint8Array(1 + body.length);
  message[0] = command;
  message.set(body, 1);
  const answer = await device.exchange(message, options);
  const status = answer[0] ?? 0x7f;
  if (status !== 0) throw new CtapError(status);
  return answer.length === 1 ? new Map() : decodeCborMap(answer.subarray(1));
}

/** A map of the entries whose value is not undefined, as optional parameters are left out of a request. */
export function parameters(entries: readonly (readonly [number, CborValue])[]): CborMap {
  return new Map(entries.filter(([, value]) => value !== undefined));
}
