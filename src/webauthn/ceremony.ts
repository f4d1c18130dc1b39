/**
 * The client's side of WebAuthn with a security key: making a credential (enrolling) and getting an assertion
 * (logging in), always with user verification (WebAuthn Level 3, sections 5.1.3 and 5.1.4; CTAP 2.1 section 7.1).
 */
import { createHash } from "node:crypto";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { decodeBase64url, encodeBase64url } from "../codec/base64url.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { PERMISSION } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { type Assertion, getAssertions } from "../ctap2/get-assertion.ts";
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import { type MadeCredential, makeCredential } from "../ctap2/make-credential.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import { type AuthenticatorData, parseAuthenticatorData } from "./authenticator-data.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";
import { collectClientData } from "./client-data.ts";
import { type CreationOptions, parseCreationOptions, parseRequestOptions } from "./options.ts";
import { type Authorization, UserVerification } from "./user-verification.ts";

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
  const clientData = collectClientData("webauthn.create", options.challenge, new URL(origin).origin);
  const info = await getInfo(device, exchangeOptions(input));
  const rk = wantsResidentKey(options, info, device.product);
  const scope = { permissions: PERMISSION.MAKE_CREDENTIAL, rpId: options.rpId };
  const made = await verified(input, info, scope, clientData.hash, (authorization, exchange) =>
    makeCredential(
      device,
      {
        clientDataHash: clientData.hash,
        rp: { id: options.rpId, name: options.rp.name },
        user: { ...options.user, id: decodeBase64url(options.user.id) },
        algorithms: options.pubKeyCredParams.filter(({ type }) => type === "public-key").map(({ alg }) => alg),
        excludeList: options.excludeCredentials.map(({ id }) => ({ id: decodeBase64url(id) })),
        options: { rk, uv: authorization.kind === "uv" },
        ...(authorization.kind === "token" ? authorization.auth : {}),
      },
      exchange,
    ),
  );
  const { attestedCredentialData } = checkAuthenticatorData(made.authData, options.rpId, device.product);
  if (attestedCredentialData === undefined) throw lying(device.product, "made a credential without its public key");
  const id = encodeBase64url(attestedCredentialData.credentialId);
  return {
    id,
    rawId: id,
    type: "public-key",
    response: {
      clientDataJSON: encodeBase64url(clientData.json),
      attestationObject: encodeBase64url(attestationObject(made, options.attestation)),
      transports: info.transports.length > 0 ? [...info.transports] : ["usb"],
    },
    authenticatorAttachment: "cross-platform",
    clientExtensionResults: {},
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
  const clientData = collectClientData("webauthn.get", options.challenge, new URL(origin).origin);
  const info = await getInfo(device, exchangeOptions(input));
  const scope = { permissions: PERMISSION.GET_ASSERTION, rpId: options.rpId };
  const assertions = await verified(input, info, scope, clientData.hash, (authorization, exchange) =>
    getAssertions(
      device,
      {
        rpId: options.rpId,
        clientDataHash: clientData.hash,
        allowList: options.allowCredentials.map(({ id }) => ({ id: decodeBase64url(id) })),
        options: { up: true, uv: authorization.kind === "uv" },
        ...(authorization.kind === "token" ? authorization.auth : {}),
      },
      exchange,
    ),
  );
  const assertion = await chooseAssertion(assertions, input.ui);
  checkAuthenticatorData(assertion.authData, options.rpId, device.product);
  const id = encodeBase64url(assertion.credentialId);
  return {
    id,
    rawId: id,
    type: "public-key",
    response: {
      clientDataJSON: encodeBase64url(clientData.json),
      authenticatorData: encodeBase64url(assertion.authData),
      signature: encodeBase64url(assertion.signature),
      ...(assertion.user === undefined ? {} : { userHandle: encodeBase64url(assertion.user.id) }),
    },
    authenticatorAttachment: "cross-platform",
    clientExtensionResults: {},
  };
}

/** Runs a request with the user verified, again when the key gave up waiting before our own limit. */
async function verified<T>(
  input: CeremonyInput,
  info: AuthenticatorInfo,
  scope: { permissions: number; rpId: string },
  clientDataHash: Uint8Array,
  request: (authorization: Authorization, exchange: ExchangeOptions) => Promise<T>,
): Promise<T> {
  const { device, ui, timeoutMs = DEFAULT_TIMEOUT_MS } = input;
  const verification = new UserVerification(device, info, ui, scope);
  const announce = announceOnce(() => ui.touch(device.product));
  let deadline: number | undefined;
  let renewed = false;
  try {
    for (;;) {
      const left = () => (deadline === undefined ? timeoutMs : Math.max(0, deadline - performance.now()));
      const exchange = () => exchangeOptions(input, { timeoutMs: left(), onKeepalive: announce });
      const authorization = await verification.authorize(clientDataHash, exchange());
      // Typing the PIN does not take from the time for the touch.
      deadline ??= performance.now() + timeoutMs;
      const started = performance.now();
      try {
        return await request(authorization, exchange());
      } catch (error) {
        const waited = performance.now() - started;
        const gaveUp = isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT") && waited >= MIN_TOUCH_WAIT_MS;
        const expired: boolean = !renewed && isCtapError(error, "PIN_AUTH_INVALID", "PIN_TOKEN_EXPIRED");
        if (left() <= 0 || !(gaveUp || expired || verification.canRetryAfter(error))) throw error;
        renewed ||= expired;
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
