/** CTAP2 commands as a test writes them, right or wrong. */
import { type CborValue, encodeCbor } from "../../src/fido/codec/cbor.ts";
import type { CtapDevice } from "../../src/fido/ctap2/device.ts";

/** The members of a request by their keys. */
export type Members = [number, CborValue][];

/** Sends a command and gives its status byte, in hexadecimal. */
export async function status(device: CtapDevice, command: number, members: Members | Uint8Array): Promise<string> {
  const body = members instanceof Uint8Array ? members : encodeCbor(new Map(members));
  const answer = await device.exchange(Uint8Array.of(command, ...body));
  return answer.slice(0, 1).toHex();
}
