/** The CTAP2 side of the software security key: state, and the commands it answers (CTAP 2.1 section 6). */
import { type CborMap, type CborValue, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { clientPin } from "./pin/client-pin.ts";
import { config, MAX_RP_IDS } from "./management/config.ts";
import { credentialManagement, type PendingEnumeration } from "./management/credential-management.ts";
import { CredentialStore } from "./credentials.ts";
import { getAssertion, getNextAssertion, type PendingAssertions } from "./get-assertion.ts";
import { HMAC_SECRET } from "./hmac-secret.ts";
import { makeCredential } from "./make-credential.ts";
import { maps, readParameters, required } from "./parameters.ts";
import { PinState } from "./pin/pin-state.ts";
import { isModern, type Settings } from "../settings.ts";
import { StatusError } from "./status.ts";
import { type Call, Touch } from "../touch.ts";

const MAX_CREDENTIAL_ID_LENGTH = 128;
const VERSIONS: Record<Settings["ctap"], string[]> = {
  u2f: [],
  "2.0": ["U2F_V2", "FIDO_2_0"],
  "2.1-pre": ["U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE"],
  // With the prototype of credential management (section 6.13), which clients such as libfido2 1.12 still use alone.
  "2.1": ["FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1"],
  "2.3": ["FIDO_2_0", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3"],
};

export class Ctap2Authenticator {
  readonly settings: Settings;
  readonly touch: Touch;
  readonly credentials: CredentialStore;
  pin: PinState;
  pending: PendingAssertions | undefined;
  enumeration: PendingEnumeration | undefined;
  /** The relying parties that are told the minimum PIN length (setMinPINLength). */
  readonly minPinLengthRPIDs: string[] = [];
  readonly #factory: Pick<Settings, "minPINLength" | "alwaysUv">;
  #poweredAt = performance.now();

  constructor(settings: Settings) {
    this.settings = settings;
    this.#factory = { minPINLength: settings.minPINLength, alwaysUv: settings.alwaysUv };
    this.touch = new Touch(settings);
    this.credentials = new CredentialStore(settings.capacity);
    this.pin = new PinState(settings);
  }

  /** Whether some form of user verification is set up. */
  get isProtected(): boolean {
    return this.pin.isSet || this.hasFingerprint;
  }

  /** Whether the sensor knows a finger. */
  get hasFingerprint(): boolean {
    return this.settings.fingerprint === "matches" || this.settings.fingerprint === "fails";
  }

  /** Whether the key has the commands of FIDO_2_1_PRE. */
  get hasPreviews(): boolean {
    return VERSIONS[this.settings.ctap].includes("FIDO_2_1_PRE");
  }

  /** Taken out and plugged in again. */
  powerCycle(): void {
    this.pin.powerCycle();
    this.pending = undefined;
    this.#poweredAt = performance.now();
  }

  /** Answers one message (command byte ‖ CBOR) with status byte ‖ CBOR. */
  async process(message: Uint8Array, call: Call): Promise<Uint8Array> {
    try {
      if (message.length > this.settings.maxMsgSize) throw new StatusError("REQUEST_TOO_LARGE");
      const answer = await this.#command(message[0] ?? 0, message.subarray(1), call);
      const body = answer.length === 0 ? [] : encodeCbor(new Map(answer));
      return Uint8Array.of(0, ...body);
    } catch (error) {
      return Uint8Array.of(error instanceof StatusError ? error.status : new StatusError("OTHER").status);
    }
  }

  async #command(command: number, body: Uint8Array, call: Call): Promise<[number, CborValue][]> {
    if (command !== 0x08) this.pending = undefined;
    if (command !== 0x0a && command !== 0x41) this.enumeration = undefined;
    switch (command) {
      case 0x01:
        return makeCredential(this, readParameters(body), call);
      case 0x02:
        return getAssertion(this, readParameters(body), call);
      case 0x04:
        return this.#info();
      case 0x06:
        return clientPin(this, readParameters(body), call);
      case 0x07:
        return this.#reset(call);
      case 0x08:
        return getNextAssertion(this, call);
      case 0x0a:
      case 0x41: {
        const offered = command === 0x0a ? isModern(this.settings) : this.hasPreviews;
        if (!offered || this.settings.capacity === 0) throw new StatusError("INVALID_COMMAND");
        return credentialManagement(this, readParameters(body), call.channel);
      }
      case 0x0d:
        if (!isModern(this.settings)) throw new StatusError("INVALID_COMMAND");
        return config(this, readParameters(body));
      case 0x0b:
        if (!isModern(this.settings) || !this.settings.selection) throw new StatusError("INVALID_COMMAND");
        await this.touch.wait(call);
        return [];
      default:
        throw new StatusError("INVALID_COMMAND");
    }
  }

  /** The ids of a list of PublicKeyCredentialDescriptor. */
  readDescriptors(list: readonly CborValue[] = []): Uint8Array[] {
    if (list.length > this.settings.maxCredentialCountInList) throw new StatusError("LIMIT_EXCEEDED");
    return maps(list).flatMap((descriptor) => {
      const id = required(descriptor, "id", "bytes");
      return required(descriptor, "type", "text") === "public-key" ? [id] : [];
    });
  }

  /** performBuiltInUv: one touch of the fingerprint sensor. */
  async verifyFinger(call: Call): Promise<void> {
    if (this.pin.uvRetries === 0) throw new StatusError("UV_BLOCKED");
    await this.touch.wait(call);
    if (this.settings.fingerprint === "matches") return;
    this.pin.uvRetries -= 1;
    throw new StatusError(this.pin.uvRetries === 0 ? "UV_BLOCKED" : "UV_INVALID");
  }

  #info(): [number, CborValue][] {
    const { settings, pin } = this;
    const modern = isModern(settings);
    const options = new Map<string, boolean>([
      ["rk", settings.capacity > 0],
      ["up", true],
      ["plat", false],
      ["clientPin", pin.isSet],
    ]);
    if (settings.fingerprint !== "absent") options.set("uv", this.hasFingerprint);
    if (this.hasPreviews && settings.capacity > 0) options.set("credentialMgmtPreview", true);
    if (modern) {
      options.set("pinUvAuthToken", true);
      options.set("authnrCfg", true);
      options.set("setMinPINLength", true);
      if (settings.capacity > 0) options.set("credMgmt", true);
      options.set("alwaysUv", settings.alwaysUv);
      // Section 7.2: not while alwaysUv holds.
      options.set("makeCredUvNotRqd", settings.makeCredUvNotRqd && !settings.alwaysUv);
      if (settings.fingerprint !== "absent") options.set("bioEnroll", this.hasFingerprint);
      if (settings.noMcGaPermissionsWithClientPin) options.set("noMcGaPermissionsWithClientPin", true);
    }
    if (settings.ctap === "2.3") {
      for (const name of ["ep", "perCredMgmtRO", "nobodyKnowsThis"]) options.set(name, true);
    }
    const common: [number, CborValue][] = [
      [0x01, VERSIONS[settings.ctap]],
      [0x03, settings.aaguid],
      [0x04, options],
      [0x05, settings.maxMsgSize],
      [0x06, settings.protocols],
    ];
    if (!modern) return common;
    const algorithm: CborMap = new Map<string, CborValue>([
      ["alg", -7],
      ["type", "public-key"],
    ]);
    const answer: [number, CborValue][] = [
      ...common,
      [0x02, ["credProtect", HMAC_SECRET, "minPinLength"]],
      [0x07, settings.maxCredentialCountInList],
      [0x08, MAX_CREDENTIAL_ID_LENGTH],
      [0x09, ["usb"]],
      [0x0a, [algorithm]],
      [0x0c, pin.forcePINChange && !settings.hidesForcePINChange],
      [0x0d, settings.minPINLength],
      [0x0e, 1],
      [0x10, MAX_RP_IDS],
      [0x14, this.credentials.remaining],
    ];
    if (settings.preferredPlatformUvAttempts !== undefined) answer.push([0x11, settings.preferredPlatformUvAttempts]);
    if (settings.longTouchForReset) answer.push([0x18, true]);
    if (settings.transportsForReset !== undefined) answer.push([0x1a, settings.transportsForReset]);
    if (settings.ctap === "2.3") answer.push([0x1b, settings.pinComplexityPolicy], [0x40, "nobody knows this"]);
    return answer;
  }

  async #reset(call: Call): Promise<[number, CborValue][]> {
    const { resetWindowMs, declinesReset, transportsForReset } = this.settings;
    if (declinesReset || transportsForReset?.includes("usb") === false) throw new StatusError("OPERATION_DENIED");
    if (performance.now() - this.#poweredAt > resetWindowMs) throw new StatusError("NOT_ALLOWED");
    await this.touch.wait(call);
    this.credentials.clear();
    this.minPinLengthRPIDs.length = 0;
    Object.assign(this.settings, this.#factory);
    this.pin = new PinState({ ...this.settings, pin: undefined, forcePINChange: false });
    return [];
  }
}
