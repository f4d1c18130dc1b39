/** authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 sections 6.2 and 6.3). */
import { field, requiredField } from "../codec/cbor-fields.ts";
import type { CborMap } from "../codec/cbor.ts";
import { AUTHENTICATOR, parameters, type PinUvAuth, sendCommand } from "./command.ts";
import { type CredentialDescriptor, descriptorMap } from "./credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";

export interface GetAssertionRequest extends Partial<PinUvAuth> {
  rpId: string;
  clientDataHash: Uint8Array;
  /** Empty: the key uses its discoverable credentials. */
  allowList: readonly CredentialDescriptor[];
  /** `up` false probes for a credential without a touch; `uv` true requires built-in verification. */
  options: { up: boolean; uv: boolean };
}

export interface Assertion {
  credentialId: Uint8Array;
  authData: Uint8Array;
  signature: Uint8Array;
  /** Absent for credentials that are not discoverable; with names only if there are several accounts. */
  user: { id: Uint8Array; name: string | undefined; displayName: string | undefined } | undefined;
}

/** Upper bound on an untrusted count: no key can store as many. */
const maxAssertions = 1024;

/**
 * Gets an assertion from each matching credential, the most recent first. Throws CtapError (`NO_CREDENTIALS` if there
 * is none), `protocol_error` for a response without a required member.
 */
export async function getAssertions(
  device: CtapDevice,
  request: GetAssertionRequest,
  options?: ExchangeOptions,
): Promise<[Assertion, ...Assertion[]]> {
  const flags: [string, boolean][] = [];
  if (!request.options.up) flags.push(["up", false]);
  if (request.options.uv) flags.push(["uv", true]);
  const answer = await sendCommand(
    device,
    AUTHENTICATOR.GET_ASSERTION,
    parameters([
      [0x01, request.rpId],
      [0x02, request.clientDataHash],
      [0x03, request.allowList.length === 0 ? undefined : request.allowList.map(descriptorMap)],
      [0x05, flags.length === 0 ? undefined : new Map(flags)],
      [0x06, request.pinUvAuthParam],
      [0x07, request.pinUvAuthProtocol],
    ]),
    options,
  );
  const assertions: [Assertion, ...Assertion[]] = [readAssertion(answer, request)];
  // The user has already chosen the account on the key's display.
  const userSelected = field(answer, 0x06, "boolean") ?? false;
  const total = userSelected ? 1 : Math.min(field(answer, 0x05, "integer") ?? 1, maxAssertions);
  while (assertions.length < total) {
    const next = await sendCommand(device, AUTHENTICATOR.GET_NEXT_ASSERTION, undefined, options);
    assertions.push(readAssertion(next, request));
  }
  return assertions;
}

function readAssertion(answer: CborMap, { allowList }: GetAssertionRequest): Assertion {
  const credential = field(answer, 0x01, "map");
  // Keys may omit the credential if the allow list has one entry.
  const onlyAllowed = allowList.length === 1 ? allowList[0]?.id : undefined;
  const user = field(answer, 0x04, "map");
  return {
    credentialId:
      credential === undefined && onlyAllowed !== undefined
        ? onlyAllowed
        : requiredField(credential ?? new Map(), "id", "bytes", "credential.id"),
    authData: requiredField(answer, 0x02, "bytes", "authData"),
    signature: requiredField(answer, 0x03, "bytes", "signature"),
    user: user && {
      id: requiredField(user, "id", "bytes", "user.id"),
      name: field(user, "name", "text"),
      displayName: field(user, "displayName", "text"),
    },
  };
}
