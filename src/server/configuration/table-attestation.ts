/** The settings that say which security keys are taken. */
import { VouchError } from "../../base/errors.ts";
import { parseCertification } from "../policy/certification.ts";
import { parseList } from "./list.ts";
import { absolutePath, optional, required } from "./setting.ts";

const asItIs = (text: string) => text;

export const attestationSettings = {
  attestation: required({
    variable: "VOUCH_SERVER_ATTESTATION",
    type: "string",
    valueHint: "none|certified|roots",
    about:
      "Which security keys are taken: every one; those whose model the FIDO metadata prove and certify; those that a root of attestation-roots attests.",
    default: "none",
    parse: oneOf("attestation", ["none", "certified", "roots"]),
  }),
  "attestation-apply": required({
    variable: "VOUCH_SERVER_ATTESTATION_APPLY",
    type: "string",
    valueHint: "new|all",
    about:
      "Whether this holds for new keys only, or also, at each login, for those that are enrolled: `vouch server attestation check` shows first whom that locks out.",
    default: "new",
    parse: oneOf("attestation-apply", ["new", "all"]),
  }),
  "attestation-certified": required({
    variable: "VOUCH_SERVER_ATTESTATION_CERTIFIED",
    type: "string",
    valueHint: "LEVEL",
    about:
      "What a certified model must have at least, by its name in the FIDO metadata (FIDO_CERTIFIED_L2, FIPS140_CERTIFIED_L2).",
    default: "FIDO_CERTIFIED_L1",
    parse: parseCertification,
  }),
  "attestation-roots": optional({
    variable: "VOUCH_SERVER_ATTESTATION_ROOTS",
    type: "string",
    valueHint: "FILE",
    about: "Certificates of vendors whose keys are trusted, a PEM file: each is trusted as it stands.",
    example: "/etc/vouch/attestation-roots.pem",
    parse: asItIs,
    checkInFile: absolutePath,
  }),
  "attestation-metadata": optional({
    variable: "VOUCH_SERVER_ATTESTATION_METADATA",
    type: "string",
    valueHint: "FILE|URL",
    about:
      "The blob of the FIDO Metadata Service: an https URL, which is asked once a day in the background, or a file, which is read when it changes and at SIGHUP.",
    example: "https://mds3.fidoalliance.org/",
    parse: parseLocation,
    checkInFile: (text) => {
      if (!/^\w+:/.test(text)) absolutePath(text);
    },
  }),
  "attestation-metadata-root": optional({
    variable: "VOUCH_SERVER_ATTESTATION_METADATA_ROOT",
    type: "string",
    valueHint: "FILE",
    about:
      "The root that the metadata lead to, a PEM file, in place of the FIDO Alliance's own: whatever it signs can be metadata.",
    example: "/etc/vouch/metadata-root.pem",
    parse: asItIs,
    checkInFile: absolutePath,
  }),
  "attestation-allow": optional({
    variable: "VOUCH_SERVER_ATTESTATION_ALLOW",
    type: "string",
    valueHint: "AAGUIDS",
    about: "The only models that are taken, by their AAGUIDs, with commas; needs attestation certified or roots.",
    example: "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd,79f3c8ba-9e35-484b-8f47-53a5a0f5c630",
    parse: parseAaguids("attestation-allow"),
  }),
  "attestation-deny": optional({
    variable: "VOUCH_SERVER_ATTESTATION_DENY",
    type: "string",
    valueHint: "AAGUIDS",
    about: "Models that are not taken, by their AAGUIDs, with commas.",
    example: "00000000-0000-0000-0000-000000000000",
    parse: parseAaguids("attestation-deny"),
  }),
};

function oneOf<const Names extends readonly string[]>(setting: string, names: Names): (text: string) => Names[number] {
  return (text) => {
    if (names.includes(text)) return text;
    throw new VouchError("usage", `Expected --${setting} ${names.join(" or ")}, got "${text}".`);
  };
}

function parseLocation(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return text;
  const url = URL.parse(text);
  // Not repeated: it may have a password.
  const isOpen = url?.username === "" && url.password === "";
  if (url?.protocol === "https:" && isOpen && !/[#\s]/.test(text)) return text;
  throw new VouchError(
    "usage",
    `Expected --attestation-metadata with a path or an https URL without a password or a fragment, got ${isOpen ? `"${text}"` : "another"}.`,
  );
}

const maxAaguids = 1000;

function parseAaguids(setting: string): (text: string) => ReadonlySet<string> {
  return (text) => {
    const list = parseList(text, setting).map((each) => each.toLowerCase());
    const wrong = list.find((each) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(each));
    if (wrong === undefined && list.length <= maxAaguids) return new Set(list);
    throw new VouchError(
      "usage",
      `Expected --${setting} with at most ${maxAaguids} AAGUIDs (like c1f9a0bc-1dd2-404a-b27f-8e29047a43fd), with commas, got "${(wrong ?? text).slice(0, 80)}".`,
    );
  };
}
