/** What `vouch keys info` says of one security key: its own claims, and in words what Vouch can do with it. */
import { count } from "../../../base/words/count.ts";
import type { DescribedKey, VerificationState } from "../../../fido/hid/keys.ts";
import type { AuthenticatorInfo } from "../../../fido/ctap2/get-info.ts";
import { credentialManagementOf } from "../../../fido/ctap2/credential-management.ts";
import { modelOf } from "../../../fido/webauthn/authenticator-model.ts";
import { minNewPinLength } from "../../../fido/webauthn/new-pin.ts";

/** Names of COSE algorithms (IANA COSE Algorithms). */
const algorithmNames = new Map([
  [-7, "ES256"],
  [-8, "EdDSA"],
  [-9, "ESP256"],
  [-19, "Ed25519"],
  [-35, "ES384"],
  [-36, "ES512"],
  [-47, "ES256K"],
  [-48, "ML-DSA-44"],
  [-49, "ML-DSA-65"],
  [-50, "ML-DSA-87"],
  [-257, "RS256"],
]);
const es256 = -7;

/** Limits on lists that a key chooses. */
const maxShown = 24;
const maxNameLength = 40;

/** Whether Vouch can use a key, and what is to be known of it. */
interface Verdict {
  usable: boolean;
  remarks: string[];
}

/** A key that has answered. */
type Answered = DescribedKey & { info: AuthenticatorInfo; state: VerificationState; usbProduct: string };

function hasAnswered(key: DescribedKey): key is Answered {
  return key.info !== undefined && key.state !== undefined && key.usbProduct !== undefined;
}

/** Returns the lines on one key; the first is its name. */
export function reportLines(key: DescribedKey): string[] {
  if (!hasAnswered(key)) {
    const { message = "It gave no answer.", hint } = key.error ?? {};
    return [key.product, `  error: ${message}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])];
  }
  const { info } = key;
  const rows: [name: string, value: string][] = [
    ["model", modelText(key)],
    ["AAGUID", uuid(info.aaguid)],
    ["firmware", firmwareText(info)],
    ["CTAP", listed(info.versions)],
    ["PIN", pinText(key)],
    ["fingerprint", fingerprintText(key)],
    ["room", roomText(info)],
    ["algorithms", info.algorithms === undefined ? "not told" : listed(info.algorithms.map(algorithmName))],
    ["extensions", listed(info.extensions)],
    ["transports", info.transports.length === 0 ? "not told" : listed(info.transports)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    key.product,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...verdictOf(key).remarks.map((remark) => `  ${remark}`),
  ];
}

/** Returns the entry of one key in the JSON. */
export function reportJson(key: DescribedKey): unknown {
  const { product, error } = key;
  if (!hasAnswered(key)) return { product, error: error?.toWire() };
  const { usbProduct, info, state, uvRetries } = key;
  const { pin, pinRetries, powerCycleState, builtIn } = state;
  return {
    product,
    usbProduct,
    model: modelOf(uuid(info.aaguid)) ?? null,
    // Nothing here is attested: the key claims its own model.
    modelAttested: false,
    aaguid: uuid(info.aaguid),
    firmwareVersion: info.firmwareVersion ?? null,
    versions: info.versions,
    options: Object.fromEntries(info.options),
    extensions: info.extensions,
    transports: info.transports,
    algorithms: info.algorithms ?? null,
    pin: {
      state: pin,
      retries: pinRetries ?? null,
      powerCycleNeeded: powerCycleState ?? false,
      forcePINChange: state.forcePINChange,
      minPINLength: info.minPINLength,
    },
    fingerprint: { state: builtIn, retries: uvRetries ?? null },
    room: {
      discoverable: info.options.get("rk") === true,
      remaining: info.remainingDiscoverableCredentials ?? null,
      maxCredentialCountInList: info.maxCredentialCountInList ?? null,
      maxCredentialIdLength: info.maxCredentialIdLength ?? null,
    },
    credentialManagement: credentialManagementOf(info) ?? null,
    vouch: verdictOf(key),
  };
}

function verdictOf({ info, state }: Answered): Verdict {
  const algorithm = info.algorithms === undefined || info.algorithms.includes(es256);
  const verification = verificationRemarks(info, state);
  if (!algorithm) verification.remarks.push("Vouch cannot use it: it does not sign with ES256.");
  const remarks = [...verification.remarks, ...storageRemarks(info)];
  if (info.options.get("alwaysUv") === true) {
    remarks.push("It verifies you for everything: what takes a touch of other keys takes its PIN or your finger, too.");
  }
  return { usable: verification.usable && algorithm, remarks };
}

function verificationRemarks(info: AuthenticatorInfo, state: VerificationState): Verdict {
  const byFinger = state.builtIn === "usable";
  const forLogins = info.options.get("noMcGaPermissionsWithClientPin") !== true;
  if (state.pin === "absent" || (state.pin === "set" && !forLogins)) {
    return byFinger
      ? { usable: true, remarks: ["Vouch asks it for your finger; it has no PIN for logins."] }
      : { usable: false, remarks: ["Vouch cannot use it: it cannot verify its user by a PIN or a finger."] };
  }
  if (state.pin === "not_set") {
    const remark = "It has no PIN yet: `vouch keys pin` sets one, `vouch enroll` does so on the way.";
    return { usable: byFinger, remarks: [remark] };
  }
  if (state.pinRetries === 0) {
    const remark =
      "Its PIN is blocked: only a reset makes it usable again (`vouch keys reset`), and it deletes every credential on it.";
    return { usable: byFinger, remarks: [remark] };
  }
  if (state.powerCycleState === true) {
    const remark = "It takes no more PINs after three wrong ones in a row: take it out and plug it in again.";
    return { usable: byFinger, remarks: [remark] };
  }
  const remarks = [
    byFinger
      ? "Vouch asks it for your finger, or for its PIN."
      : state.builtIn === "blocked"
        ? "Vouch asks it for its PIN: its fingerprint sensor is blocked, and the right PIN unblocks it."
        : "Vouch asks it for its PIN.",
  ];
  if (state.forcePINChange) remarks.push("It demands a new PIN before it is used: `vouch keys pin` changes it.");
  return { usable: true, remarks };
}

function storageRemarks(info: AuthenticatorInfo): string[] {
  const remarks: string[] = [];
  if (info.options.get("rk") !== true) {
    return ["No resident credentials: this key logs in only on machines whose settings know its credential's id."];
  }
  const listable = credentialManagementOf(info) !== undefined;
  if (info.remainingDiscoverableCredentials === 0) {
    remarks.push(
      "No room for another credential: enrolled now, it would log in only on machines whose settings know its credential's id.",
    );
  } else {
    remarks.push("It stores its credential: enrolled once, it logs in on every machine.");
  }
  if (!info.extensions.includes("credProtect")) {
    remarks.push("It does not keep its credentials secret until it has verified you (no credProtect).");
  }
  remarks.push(
    listable
      ? "Its PIN shows which credentials of Vouch it holds: `vouch keys clean` lists and deletes them."
      : "It cannot list or delete single credentials: only a reset empties it (`vouch keys reset`).",
  );
  return remarks;
}

function modelText({ info, usbProduct }: Answered): string {
  const model = modelOf(uuid(info.aaguid));
  return model === undefined
    ? `${usbProduct} (claimed by its USB name; its AAGUID is not known)`
    : `${model} (claimed by its AAGUID; its USB name is ${usbProduct})`;
}

/** Yubico numbers firmware by one byte for each part of its version. */
function firmwareText({ firmwareVersion, aaguid }: AuthenticatorInfo): string {
  if (firmwareVersion === undefined) return "not told";
  const yubico = /yubi/iu.test(modelOf(uuid(aaguid)) ?? "");
  if (!yubico || firmwareVersion < 0x10000) return `${firmwareVersion}`;
  return [firmwareVersion >> 16, (firmwareVersion >> 8) & 0xff, firmwareVersion & 0xff].join(".");
}

function pinText({ info, state }: Answered): string {
  const least = Math.max(minNewPinLength, info.minPINLength);
  const rule = `a new one has at least ${least} characters`;
  if (state.pin === "absent") return "not supported";
  if (state.pin === "not_set") return `not set; ${rule}`;
  const retries = state.pinRetries ?? 0;
  const left = retries === 0 ? "blocked" : retries === 1 ? "one try is left" : `${retries} tries are left`;
  return `set, ${left}; ${rule}`;
}

function fingerprintText({ state, uvRetries }: Answered): string {
  const left = uvRetries === undefined ? "" : uvRetries === 1 ? ", one try is left" : `, ${uvRetries} tries are left`;
  switch (state.builtIn) {
    case "absent":
      return "no sensor";
    case "unenrolled":
      return "a sensor that knows no finger";
    case "usable":
      return `enrolled${left}`;
    case "blocked":
      return "enrolled, blocked";
  }
}

function roomText(info: AuthenticatorInfo): string {
  const { remainingDiscoverableCredentials: remaining, maxCredentialCountInList: ids } = info;
  const room =
    info.options.get("rk") !== true
      ? "stores no credentials"
      : remaining === undefined || remaining < 0
        ? "not told without its PIN"
        : count(remaining, "more credential");
  return ids === undefined ? room : `${room}; takes ${count(ids, "credential id")} in one request`;
}

function algorithmName(algorithm: number): string {
  return algorithmNames.get(algorithm) ?? `${algorithm}`;
}

/** The key's own words, limited in number and length. */
function listed(texts: readonly string[]): string {
  if (texts.length === 0) return "none";
  const shown = texts
    .slice(0, maxShown)
    .map((text) => (text.length > maxNameLength ? `${text.slice(0, maxNameLength)}…` : text));
  const more = texts.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

function uuid(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
}
