/** authenticatorMakeCredential (CTAP 2.1 section 6.1). */
import { requiredField } from "../codec/cbor-fields.ts";
import type { CborMap } from "../codec/cbor.ts";
import { AUTHENTICATOR, parameters, type PinUvAuth, sendCommand } from "./command.ts";
import { type CredentialDescriptor, descriptorMap } from "./credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";

export interface MakeCredentialRequest extends Partial<PinUvAuth> {
  clientDataHash: Uint8Array;
  rp: { id: string; name: string };
  user: { id: Uint8Array; name: string; displayName: string };
  /** COSE algorithm identifiers in order of preference. */
  algorithms: readonly number[];
  excludeList: readonly CredentialDescriptor[];
  /** Only true options are sent: CTAP 2.0 keys reject options that they do not know. */
  options: { rk: boolean; uv: boolean };
  /** The credProtect level, for keys with that extension (section 12.1); undefined sends none. */
  credProtect?: number | undefined;
}

export interface MadeCredential {
  fmt: string;
  authData: Uint8Array;
  attStmt: CborMap;
}

/** Limit on display names: keys store 64 bytes of them, and early keys accept no message over 1024 bytes. */
const maxNameBytes = 64;

/**
 * Creates a credential. Throws CtapError for the key's status, `protocol_error` for a response without a required
 * member.
 */
export async function makeCredential(
  device: CtapDevice,
  request: MakeCredentialRequest,
  options?: ExchangeOptions,
): Promise<MadeCredential> {
  const flags = Object.entries(request.options).filter(([, value]) => value);
  const { rp, user, credProtect } = request;
  const answer = await sendCommand(
    device,
    AUTHENTICATOR.MAKE_CREDENTIAL,
    parameters([
      [0x01, request.clientDataHash],
      [0x02, new Map(Object.entries({ id: rp.id, name: shortened(rp.name) }))],
      [
        0x03,
        new Map(Object.entries({ id: user.id, name: shortened(user.name), displayName: shortened(user.displayName) })),
      ],
      [
        0x04,
        request.algorithms.map(
          (alg) =>
            new Map<string, number | string>([
              ["alg", alg],
              ["type", "public-key"],
            ]),
        ),
      ],
      [0x05, request.excludeList.length === 0 ? undefined : request.excludeList.map(descriptorMap)],
      [0x06, credProtect === undefined ? undefined : new Map([["credProtect", credProtect]])],
      [0x07, flags.length === 0 ? undefined : new Map(flags)],
      [0x08, request.pinUvAuthParam],
      [0x09, request.pinUvAuthProtocol],
    ]),
    options,
  );
  return {
    fmt: requiredField(answer, 0x01, "text", "fmt"),
    authData: requiredField(answer, 0x02, "bytes", "authData"),
    attStmt: requiredField(answer, 0x03, "map", "attStmt"),
  };
}

/** Truncates to 64 bytes of UTF-8, at a character boundary. */
function shortened(text: string): string {
  const encoder = new TextEncoder();
  let size = 0;
  const kept = Array.from(text).filter((character) => (size += encoder.encode(character).length) <= maxNameBytes);
  return kept.join("");
}
