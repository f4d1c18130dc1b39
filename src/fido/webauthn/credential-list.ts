/** Lists of credentials that are too long for one message to the key (CTAP 2.1 section 7.2, "pre-flight"). */
import type { CredentialDescriptor } from "../ctap2/credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { getAssertions } from "../ctap2/get-assertion.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import type { PinUvAuthToken } from "../ctap2/pin-uv-auth-token.ts";
import { isCtapError } from "../ctap2/status.ts";

/** What a message holds beside the list (names, hashes, options), and beside the id in each entry, in bytes. */
const messageOverhead = 512;
const entryOverhead = 32;

export interface CredentialListInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  rpId: string;
  list: readonly CredentialDescriptor[];
  /** The token of the request; undefined where there is none. */
  token: PinUvAuthToken | undefined;
  exchange: ExchangeOptions;
}

/**
 * Makes the list fit: as it is when it is short; else the one credential of it that is on the key, found by asking for
 * part after part without a touch; empty when none is.
 */
export async function fitCredentialList(input: CredentialListInput): Promise<readonly CredentialDescriptor[]> {
  const { known, size } = parts(input);
  if (known.length <= size) return known;
  try {
    const found = await findCredential(input);
    return found === undefined ? [] : [found];
  } catch (error) {
    // A key that answers nothing without a touch gets the list as it is: it may take more than it says.
    if (isCtapError(error, "UNSUPPORTED_OPTION", "INVALID_OPTION", "UP_REQUIRED")) return known;
    throw error;
  }
}

/**
 * The first credential of the list that the key admits to without a touch; undefined when it admits to none.
 * @throws CtapError for a key that does not answer such a question
 */
export async function findCredential(input: CredentialListInput): Promise<CredentialDescriptor | undefined> {
  const { known, size } = parts(input);
  for (let start = 0; start < known.length; start += size) {
    const found = await probe(input, known.slice(start, start + size));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The credentials whose ids the key can have, and how many of them fit into one message. */
function parts({ info, list }: CredentialListInput): { known: readonly CredentialDescriptor[]; size: number } {
  const known = list.filter(({ id }) => id.length <= (info.maxCredentialIdLength ?? Number.POSITIVE_INFINITY));
  const longest = Math.max(0, ...known.map(({ id }) => id.length));
  const fitting = Math.floor((info.maxMsgSize - messageOverhead) / (longest + entryOverhead));
  // A key that names no limit may have any: the first ones take one credential at a time.
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
    // INVALID_CREDENTIAL: what some keys say of a credential that another key made.
    if (isCtapError(error, "NO_CREDENTIALS", "INVALID_CREDENTIAL")) return undefined;
    throw error;
  }
}
