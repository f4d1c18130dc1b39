/**
 * The client's side of WebAuthn with a security key: making a credential (enrolling) and getting an assertion
 * (logging in), always with user verification (WebAuthn Level 3, sections 5.1.3 and 5.1.4; CTAP 2.1 section 7.1).
 */
import { createHash } from "node:crypto";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { decodeBase64url, encodeBase64url } from "../codec/base64url.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { PERMISSION, type PinUvAuthToken, type TokenScope } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { type Assertion, getAssertions } from "../ctap2/get-assertion.ts";
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import { type MadeCredential, makeCredential } from "../ctap2/make-credential.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import { type AuthenticatorData, parseAuthenticatorData } from "./authenticator-data.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";
import { collectClientData } from "./client-data.ts";
import { fitCredentialList } from "./credential-list.ts";
import { type CreationOptions, parseCreationOptions, parseRequestOptions } from "./options.ts";
import { UserVerification } from "./user-verification.ts";

export interface CeremonyInput {
  device: CtapDevice;
  /** The relying party's options in WebAuthn's JSON form; not trusted. */
  options: unknown;
  /** The server's origin, such as `https://vouch.example.com`. */
  origin: string;
  ui: CeremonyUi;
  /** Aborting it cancels on the key; the ceremony then rejects with `cancelled`. */
  signal?: AbortSignal;
  /** How long the person has for the touch, in milliseconds. A key that gives up earlier is asked again. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** A key that gives up waiting for a touch sooner than this did not wait. */
const MIN_TOUCH_WAIT_MS = 100;

/**
 * Makes a credential: RegistrationResponseJSON for the relying party.
 * @throws VouchError `protocol_error` for bad options, `pin_…`, `touch_timeout`, `credential_excluded`,
 *   `security_key_…`, `cancelled`
 */
export async function createCredential(input: CeremonyInput): Promise<RegistrationResponseJSON> {
  const { device, origin } = input;
  const options = parseCreationOptions(input.options, origin);
  const { rpId } = options;
  const clientData = collectClientData("webauthn.create", options.challenge, new URL(origin).origin);
  const info = await getInfo(device, exchangeOptions(input));
  const rk = wantsResidentKey(options, info, device.product);
  const list = options.excludeCredentials.map(({ id }) => ({ id: decodeBase64url(id) }));
  // Searching a long list for credentials of this key is a matter of assertions.
  const permissions = PERMISSION.MAKE_CREDENTIAL | (list.length > 0 ? PERMISSION.GET_ASSERTION : 0);
  const made = await withVerifiedUser(input, info, { permissions, rpId }, async (token, exchange) =>
    makeCredential(
      device,
      {
        clientDataHash: clientData.hash,
        rp: { id: rpId, name: options.rp.name },
        user: { ...options.user, id: decodeBase64url(options.user.id) },
        algorithms: options.pubKeyCredParams.filter(({ type }) => type === "public-key").map(({ alg }) => alg),
        excludeList: await fitCredentialList({ device, info, rpId, list, token, exchange: exchangeOptions(input) }),
        options: { rk, uv: token === undefined },
        ...token?.authenticate(clientData.hash),
      },
      exchange(),
    ),
  );
  const { attestedCredentialData } = checkAuthenticatorData(made.authData, rpId, device.product);
  if (attestedCredentialData === undefined) throw lying(device.product, "made a credential without its public key");
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
 * Gets an assertion: AuthenticationResponseJSON for the relying party.
 * @throws VouchError `protocol_error` for bad options, `pin_…`, `touch_timeout`, `no_credential`, `security_key_…`,
 *   `cancelled`
 */
export async function getAssertion(input: CeremonyInput): Promise<AuthenticationResponseJSON> {
  const { device, origin } = input;
  const options = parseRequestOptions(input.options, origin);
  const { rpId } = options;
  const clientData = collectClientData("webauthn.get", options.challenge, new URL(origin).origin);
  const info = await getInfo(device, exchangeOptions(input));
  const list = options.allowCredentials.map(({ id }) => ({ id: decodeBase64url(id) }));
  const scope = { permissions: PERMISSION.GET_ASSERTION, rpId };
  const assertions = await withVerifiedUser(input, info, scope, async (token, exchange) => {
    const allowList = await fitCredentialList({ device, info, rpId, list, token, exchange: exchangeOptions(input) });
    // An empty list would ask for any credential, not for one of those that are allowed.
    if (list.length > 0 && allowList.length === 0) throw new CtapError("NO_CREDENTIALS");
    return getAssertions(
      device,
      {
        rpId,
        clientDataHash: clientData.hash,
        allowList,
        options: { up: true, uv: token === undefined },
        ...token?.authenticate(clientData.hash),
      },
      exchange(),
    );
  });
  const assertion = await chooseAssertion(assertions, input.ui);
  checkAuthenticatorData(assertion.authData, rpId, device.product);
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

/** Runs a request with the user verified, again when the key gave up waiting before our own limit. */
async function withVerifiedUser<T>(
  input: CeremonyInput,
  info: AuthenticatorInfo,
  scope: TokenScope,
  request: (token: PinUvAuthToken | undefined, exchange: () => ExchangeOptions) => Promise<T>,
): Promise<T> {
  const { device, ui, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = input;
  const verification = new UserVerification({ device, info, ui, scope, signal });
  const onKeepalive = announceOnce(() => ui.touch(device.product));
  let deadline: number | undefined;
  // The time runs from the first wait for the finger: typing the PIN does not take from it.
  const left = () => Math.max(0, (deadline ??= performance.now() + timeoutMs) - performance.now());
  const exchange = () => exchangeOptions(input, { timeoutMs: left(), onKeepalive });
  let renewed = false;
  try {
    for (;;) {
      const started = performance.now();
      let token: PinUvAuthToken | undefined;
      try {
        token = await verification.verify(exchange);
        return await request(token, exchange);
      } catch (error) {
        const waited = performance.now() - started;
        const gaveUp = isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT") && waited >= MIN_TOUCH_WAIT_MS;
        const expired: boolean = !renewed && isCtapError(error, "PIN_AUTH_INVALID", "PIN_TOKEN_EXPIRED");
        if (!(gaveUp || expired || verification.canRetryAfter(error)) || left() === 0) throw error;
        renewed ||= expired;
      } finally {
        token?.destroy();
      }
    }
  } finally {
    verification.destroy();
  }
}

function announceOnce(announce: () => void): NonNullable<ExchangeOptions["onKeepalive"]> {
  let announced = false;
  return (status) => {
    if (status !== "user_presence_needed" || announced) return;
    announced = true;
    announce();
  };
}

function exchangeOptions({ signal }: CeremonyInput, more: ExchangeOptions = {}): ExchangeOptions {
  return signal === undefined ? more : { ...more, signal };
}

function wantsResidentKey(options: CreationOptions, info: AuthenticatorInfo, product: string): boolean {
  const { residentKey } = options.authenticatorSelection;
  if (residentKey === "discouraged") return false;
  const can = info.options.get("rk") === true;
  if (!can && residentKey === "required") {
    throw new VouchError("security_key_unsupported", `${product} cannot store credentials`, {
      hint: "Use a FIDO2 security key with discoverable (resident) credentials.",
    });
  }
  return can;
}

/** The attestation object; the key's own statement goes only to a relying party that asked for it. */
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

async function chooseAssertion(assertions: [Assertion, ...Assertion[]], ui: CeremonyUi): Promise<Assertion> {
  if (assertions.length === 1 || ui.chooseAccount === undefined) return assertions[0];
  const accounts = assertions.map(({ credentialId, user }) => ({
    credentialId,
    name: user?.name,
    displayName: user?.displayName,
  }));
  return assertions[await ui.chooseAccount(accounts)] ?? assertions[0];
}

/** A key that signed for another server or without verifying its user is found here, not by a puzzling server error. */
function checkAuthenticatorData(bytes: Uint8Array, rpId: string, product: string): AuthenticatorData {
  const data = parseAuthenticatorData(bytes);
  if (!createHash("sha256").update(rpId).digest().equals(data.rpIdHash))
    throw lying(product, "signed for another server");
  if (!data.flags.userPresent) throw lying(product, "did not wait for a touch");
  if (!data.flags.userVerified) throw lying(product, "did not verify its user");
  return data;
}

function lying(product: string, what: string): VouchError {
  return new VouchError("security_key_error", `${product} ${what}`, { hint: "Use another security key." });
}
