/**
 * WebAuthn client ceremonies with a security key: registration (enrolment) and assertion, with user verification except
 * where a touch is enough to publish (WebAuthn Level 3, sections 5.1.3 and 5.1.4; CTAP 2.1 section 7.1).
 */
import { createHash } from "node:crypto";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { decodeBase64url, encodeBase64url } from "../codec/base64url.ts";
import { type CborMap, encodeCbor } from "../codec/cbor.ts";
import { COSE_ALG, ES256, importCoseKey } from "../codec/cose.ts";
import type { CredentialDescriptor } from "../ctap2/credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { type Assertion, getAssertions } from "../ctap2/get-assertion.ts";
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import { type MadeCredential, makeCredential } from "../ctap2/make-credential.ts";
import { PERMISSION, type TokenScope } from "../ctap2/pin-uv-auth-token.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import { type AuthenticatorData, parseAuthenticatorData } from "./authenticator-data.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";
import { type ClientData, collectClientData } from "./client-data.ts";
import { findCredential, fitCredentialList } from "./credential-list.ts";
import { type Deed, signedChallenge } from "./deed.ts";
import { type CreationOptions, parseCreationOptions, parseRequestOptions, type RequestOptions } from "./options.ts";
import type { PinWrite } from "./pin-verification.ts";
import { chooseResidentKey, makeRoom } from "./resident-key.ts";
import { UserVerification, type UserVerificationInput } from "./user-verification.ts";

export interface CeremonyInput {
  device: CtapDevice;
  /** The relying party's options in WebAuthn's JSON form; untrusted. */
  options: unknown;
  /** What the touch is for, by the caller's own knowledge: the key signs it. */
  deed: Deed;
  /** The server's origin, such as `https://vouch.example.com`. */
  origin: string;
  ui: CeremonyUi;
  /** Aborting cancels the command on the key; the ceremony then rejects with `cancelled`. */
  signal?: AbortSignal;
  /** Timeout for the touch, in milliseconds. If the key's own timeout is shorter, the request is repeated. */
  timeoutMs?: number;
}

export interface AssertionInput extends CeremonyInput {
  /**
   * Locally known credential ids of this server (base64url): the fallback for a key without discoverable credentials
   * when the server sends an empty allow list.
   */
  credentialIds?: readonly string[];
  /** The name of the caller's own account: proposed where the key holds several. */
  userName?: string | undefined;
}

const defaultTimeoutMs = 60_000;
/**
 * credProtect level userVerificationOptionalWithCredentialIDList: without user verification, the key reveals a
 * credential only to a caller that knows its id.
 */
const CRED_PROTECT = 2;

/**
 * Creates a credential and returns the RegistrationResponseJSON for the relying party. Throws `protocol_error` for
 * malformed options, `pin_…`, `touch_timeout`, `credential_excluded`, `security_key_…`, `cancelled`.
 */
export async function createCredential(input: CeremonyInput): Promise<RegistrationResponseJSON> {
  const { device, origin, deed } = input;
  const options = parseCreationOptions(input.options, origin);
  const challenge = signedChallenge(options.challenge, deed);
  const clientData = collectClientData("webauthn.create", challenge, new URL(origin).origin);
  return understood(device, () => makeCredentialFor(input, options, clientData));
}

async function makeCredentialFor(
  input: CeremonyInput,
  options: CreationOptions,
  clientData: ClientData,
): Promise<RegistrationResponseJSON> {
  const { device, ui } = input;
  const { rpId } = options;
  const info = await getInfo(device, exchangeOptions(input));
  const list = descriptors(options.excludeCredentials.map(({ id }) => id));
  // The search in a long exclude list uses assertions, which need their own permission.
  const permissions = PERMISSION.MAKE_CREDENTIAL | (list.length > 0 ? PERMISSION.GET_ASSERTION : 0);
  let residentKey = chooseResidentKey(options, info, device.product);
  using verification = verificationFor(input, info, { permissions, rpId });
  const make = () =>
    verification.authorize(async ({ token, uv, exchange }) =>
      makeCredential(
        device,
        {
          clientDataHash: clientData.hash,
          rp: { id: rpId, name: options.rp.name },
          user: { ...options.user, id: decodeBase64url(options.user.id) },
          algorithms: options.pubKeyCredParams.filter(({ type }) => type === "public-key").map(({ alg }) => alg),
          excludeList: await fitCredentialList({ device, info, rpId, list, token, exchange: exchangeOptions(input) }),
          options: { rk: residentKey === "stored", uv },
          credProtect: residentKey === "stored" && info.extensions.includes("credProtect") ? CRED_PROTECT : undefined,
          ...token?.authenticate(clientData.hash),
        },
        exchange(),
      ),
    );
  const hasRoom = () =>
    makeRoom({ device, info, ui, rpId, verification, exchange: exchangeOptions(input), kept: list });
  let asked = residentKey === "full";
  if (asked && (await hasRoom())) residentKey = "stored";
  let made: MadeCredential | undefined;
  while (made === undefined) {
    try {
      made = await make();
    } catch (error) {
      if (!isCtapError(error, "KEY_STORE_FULL") || residentKey !== "stored") throw error;
      const again = !asked && (await hasRoom());
      asked = true;
      if (!again && options.authenticatorSelection.residentKey !== "preferred") throw error;
      if (!again) residentKey = "full";
    }
  }
  const { attestedCredentialData } = checkAuthenticatorData(made.authData, rpId, device.product);
  if (attestedCredentialData === undefined) throw lying(device.product, "made a credential without its public key");
  checkPublicKey(attestedCredentialData.credentialPublicKey, options, device.product);
  if (residentKey === "unsupported" || residentKey === "full") ui.notStored(device.product, residentKey);
  return {
    ...credentialJSON(attestedCredentialData.credentialId),
    response: {
      clientDataJSON: encodeBase64url(clientData.json),
      attestationObject: encodeBase64url(attestationObject(made, options.attestation)),
      transports: info.transports.length > 0 ? [...info.transports] : ["usb"],
    },
  };
}

/**
 * Gets an assertion and returns the AuthenticationResponseJSON for the relying party. Never sets a PIN; changes one
 * only if the key requires it, and then only on an enrolled key or with the user's consent. Throws `protocol_error` for
 * malformed options, `pin_…`, `touch_timeout`, `no_credential`, `security_key_…`, `cancelled`.
 */
export async function getAssertion(input: AssertionInput): Promise<AuthenticationResponseJSON> {
  const { device, origin, deed } = input;
  const options = parseRequestOptions(input.options, origin);
  const challenge = signedChallenge(options.challenge, deed);
  const clientData = collectClientData("webauthn.get", challenge, new URL(origin).origin);
  return understood(device, () => getAssertionFor(input, options, clientData));
}

async function getAssertionFor(
  input: AssertionInput,
  options: RequestOptions,
  clientData: ClientData,
): Promise<AuthenticationResponseJSON> {
  const { device } = input;
  const { rpId } = options;
  const info = await getInfo(device, exchangeOptions(input));
  const allowed = descriptors(options.allowCredentials.map(({ id }) => id));
  const known = descriptors(input.credentialIds ?? []);
  let list: readonly CredentialDescriptor[] | "discoverable" = allowed;
  if (allowed.length === 0) list = info.options.get("rk") === true ? "discoverable" : known;
  if (list.length === 0) throw new CtapError("NO_CREDENTIALS");
  const beforeWrite = async (write: PinWrite) => {
    if (write === "set") throw notEnrolled(device.product, "it has no PIN yet");
    const token = undefined;
    const searched = { device, info, rpId, list: [...allowed, ...known], token, exchange: exchangeOptions(input) };
    const found = await findCredential(searched).catch((error: unknown) => {
      if (!(error instanceof CtapError)) throw error;
    });
    // A credential with a locally unknown id, or one that the key hides, cannot be found before the PIN is changed.
    if (found === undefined && !(await input.ui.confirmPinChange())) {
      throw notEnrolled(device.product, "it shows no credential of the Vouch server");
    }
  };
  const scope = { permissions: PERMISSION.GET_ASSERTION, rpId };
  // Only publishing may be had by a touch alone, whatever the options say.
  const presenceOnly = options.userVerification === "discouraged" && input.deed.purpose === "publish";
  using verification = verificationFor(input, info, scope, { beforeWrite, presenceOnly });
  const assertions = await verification.authorize(async ({ token, uv, exchange }) => {
    const ask = (allowList: readonly CredentialDescriptor[]) =>
      getAssertions(
        device,
        {
          rpId,
          clientDataHash: clientData.hash,
          allowList,
          options: { up: true, uv },
          ...token?.authenticate(clientData.hash),
        },
        exchange(),
      );
    if (list === "discoverable") {
      try {
        return await ask([]);
      } catch (error) {
        if (!isCtapError(error, "NO_CREDENTIALS") || known.length === 0) throw error;
        list = known;
      }
    }
    const allowList = await fitCredentialList({ device, info, rpId, list, token, exchange: exchangeOptions(input) });
    // An empty allow list would accept any credential instead of none.
    if (allowList.length === 0) throw new CtapError("NO_CREDENTIALS");
    return ask(allowList);
  });
  const assertion = await chooseAssertion(assertions, input);
  checkAuthenticatorData(assertion.authData, rpId, device.product, !presenceOnly);
  return {
    ...credentialJSON(assertion.credentialId),
    response: {
      clientDataJSON: encodeBase64url(clientData.json),
      authenticatorData: encodeBase64url(assertion.authData),
      signature: encodeBase64url(assertion.signature),
      ...(assertion.user === undefined ? {} : { userHandle: encodeBase64url(assertion.user.id) }),
    },
  };
}

function verificationFor(
  { device, ui, signal, timeoutMs = defaultTimeoutMs }: CeremonyInput,
  info: AuthenticatorInfo,
  scope: TokenScope,
  more: Pick<UserVerificationInput, "beforeWrite" | "presenceOnly"> = {},
): UserVerification {
  return new UserVerification({ device, info, ui, scope, signal, timeoutMs, ...more });
}

/** The error of a login with a key that is not enrolled; nothing was written to it. */
function notEnrolled(product: string, sign: string): VouchError {
  const { hint } = new CtapError("NO_CREDENTIALS");
  return new VouchError("no_credential", `${product} is not enrolled: ${sign}. Nothing was changed on it.`, { hint });
}

function descriptors(ids: readonly string[]): CredentialDescriptor[] {
  return ids.map((id) => ({ id: decodeBase64url(id) }));
}

function exchangeOptions({ signal }: CeremonyInput, more: ExchangeOptions = {}): ExchangeOptions {
  return signal === undefined ? more : { ...more, signal };
}

/** The attestation object; the key's attestation statement is included only if the relying party requested it. */
function attestationObject({ fmt, authData, attStmt }: MadeCredential, conveyance: string): Uint8Array {
  const none = conveyance === "none";
  return encodeCbor(
    new Map<string, string | Uint8Array | typeof attStmt>([
      ["fmt", none ? "none" : fmt],
      ["attStmt", none ? new Map() : attStmt],
      ["authData", authData],
    ]),
  );
}

function credentialJSON(credentialId: Uint8Array) {
  const id = encodeBase64url(credentialId);
  return {
    id,
    rawId: id,
    type: "public-key",
    authenticatorAttachment: "cross-platform",
    clientExtensionResults: {},
  } as const;
}

async function chooseAssertion(
  assertions: [Assertion, ...Assertion[]],
  { ui, userName }: AssertionInput,
): Promise<Assertion> {
  const index = userName === undefined ? -1 : assertions.findIndex(({ user }) => user?.name === userName);
  const own = index < 0 ? undefined : index;
  if (assertions.length === 1 || ui.chooseAccount === undefined) return assertions[own ?? 0]!;
  const accounts = assertions.map(({ credentialId, user }) => ({
    credentialId,
    name: user?.name,
    displayName: user?.displayName,
  }));
  return assertions[await ui.chooseAccount(accounts, own)] ?? assertions[0];
}

/**
 * Verifies the authenticator data locally, for a clearer error than the server's: RP ID hash, user presence, user
 * verification.
 */
function checkAuthenticatorData(
  bytes: Uint8Array,
  rpId: string,
  product: string,
  needsVerification = true,
): AuthenticatorData {
  const data = parseAuthenticatorData(bytes);
  if (!createHash("sha256").update(rpId).digest().equals(data.rpIdHash))
    throw lying(product, "signed for another server");
  if (!data.flags.userPresent) throw lying(product, "did not wait for a touch");
  if (needsVerification && !data.flags.userVerified) throw lying(product, "did not verify its user");
  return data;
}

/** Rejects an unusable public key before the server consumes the enrolment code. */
function checkPublicKey(key: CborMap, { pubKeyCredParams }: CreationOptions, product: string): void {
  const alg = key.get(COSE_ALG);
  if (alg === ES256) importCoseKey(key, ES256);
  else if (!pubKeyCredParams.some((asked) => asked.alg === alg)) {
    throw lying(product, "made a credential with a signature algorithm that the server did not ask for");
  }
}

function lying(product: string, what: string): VouchError {
  return new VouchError("security_key_error", `${product} ${what}.`, { hint: "Use another security key." });
}
