/** Pre-flight search for credential lists that exceed one message to the key (CTAP 2.1 section 7.2). */
import type { CredentialDescriptor } from "../ctap2/credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { getAssertions } from "../ctap2/get-assertion.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import type { PinUvAuthToken } from "../ctap2/pin-uv-auth-token.ts";
import { isCtapError } from "../ctap2/status.ts";

/**
 * Estimated size of a message without the list (names, hashes, options), and of a list entry without its id, in bytes.
 */
const messageOverhead = 512;
const entryOverhead = 32;

export interface CredentialListInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  rpId: string;
  list: readonly CredentialDescriptor[];
  /** The token of the request; undefined if it has none. */
  token: PinUvAuthToken | undefined;
  exchange: ExchangeOptions;
}

/**
 * Shortens the list to fit one message: unchanged if it fits; else the one credential that is on the key, found by
 * probing batches without a touch; empty if there is none.
 */
export async function fitCredentialList(input: CredentialListInput): Promise<readonly CredentialDescriptor[]> {
  const { known, size } = parts(input);
  if (known.length <= size) return known;
  try {
    const found = await findCredential(input);
    return found === undefined ? [] : [found];
  } catch (error) {
    // Fallback for a key that does not answer without a touch: the whole list, since its real limit may be higher.
    if (isCtapError(error, "UNSUPPORTED_OPTION", "INVALID_OPTION", "UP_REQUIRED")) return known;
    throw error;
  }
}

/**
 * The first credential of the list that the key confirms without a touch; undefined if there is none. Throws CtapError
 * for a key that does not support probing.
 */
export async function findCredential(input: CredentialListInput): Promise<CredentialDescriptor | undefined> {
  const { known, size } = parts(input);
  for (let start = 0; start < known.length; start += size) {
    const found = await probe(input, known.slice(start, start + size));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The credentials with ids that the key supports, and the batch size that fits one message. */
function parts({ info, list }: CredentialListInput): { known: readonly CredentialDescriptor[]; size: number } {
  const known = list.filter(({ id }) => id.length <= (info.maxCredentialIdLength ?? Number.POSITIVE_INFINITY));
  const longest = Math.max(0, ...known.map(({ id }) => id.length));
  const fitting = Math.floor((info.maxMsgSize - messageOverhead) / (longest + entryOverhead));
  // Without a reported count limit, the batch size is 1: early keys accept only one credential.
  return { known, size: Math.max(1, Math.min(info.maxCredentialCountInList ?? 1, fitting)) };
}

async function probe(
  { device, rpId, token, exchange }: CredentialListInput,
  allowList: readonly CredentialDescriptor[],
): Promise<CredentialDescriptor | undefined> {
  const clientDataHash = new Uint8Array(32);
  const request = { rpId, clientDataHash, allowList, options: { up: false, uv: false } };
  try {
    const [{ credentialId }] = await getAssertions(
      device,
      { ...request, ...token?.authenticate(clientDataHash) },
      exchange,
    );
    return { id: credentialId };
  } catch (error) {
    // Some keys answer INVALID_CREDENTIAL for another key's credential.
    if (isCtapError(error, "NO_CREDENTIALS", "INVALID_CREDENTIAL")) return undefined;
    throw error;
  }
}
