/** The policy for security keys that the settings make, with the files that they name. */
import { VouchError } from "../../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { type Certificate, readCertificate } from "../policy/certificate.ts";
import type { PolicyRules } from "../policy/judgement.ts";
import type { MetadataSource } from "../policy/metadata-source.ts";
import type { attestationSettings } from "./table-attestation.ts";

const maxPemBytes = 1 << 20;
const maxCertificates = 1000;

/** The values of the settings of attestation. */
export type AttestationSettings = {
  [Name in keyof typeof attestationSettings]: ReturnType<(typeof attestationSettings)[Name]["parse"]>;
};

/** Which security keys are taken, and where metadata about them come from. */
export interface Attestation {
  rules: PolicyRules;
  source: MetadataSource | undefined;
}

/** Returns the policy. Throws `usage` for settings that do not fit together, `file_error`. */
export function attestationOf(settings: AttestationSettings): Attestation {
  const demand = settings.attestation;
  const location = settings["attestation-metadata"];
  const root = settings["attestation-metadata-root"];
  const roots = settings["attestation-roots"];
  if (demand === "certified" && location === undefined) throw lacks("certified", "attestation-metadata FILE|URL");
  if (demand === "roots" && roots === undefined) throw lacks("roots", "attestation-roots FILE");
  if (demand === "none" && settings["attestation-allow"] !== undefined) {
    throw new VouchError("usage", "Expected attestation-allow with attestation certified or roots, got it with none.", {
      hint: "Without a proof every program can claim each AAGUID.",
    });
  }
  if (root !== undefined && location === undefined) {
    throw new VouchError("usage", "Expected attestation-metadata-root with attestation-metadata, got it alone.");
  }
  const rules: PolicyRules = {
    demand,
    applyTo: settings["attestation-apply"],
    certified: settings["attestation-certified"],
    roots: roots === undefined ? [] : readCertificates(roots),
    allow: settings["attestation-allow"] ?? new Set(),
    deny: settings["attestation-deny"] ?? new Set(),
  };
  const source =
    location === undefined
      ? undefined
      : {
          location,
          roots: root === undefined ? undefined : readCertificates(root),
          caBundle: process.env["SSL_CERT_FILE"],
        };
  return { rules, source };
}

function lacks(demand: string, setting: string): VouchError {
  return new VouchError("usage", `Expected attestation ${demand} with ${setting}, got it without.`);
}

/** Reads the certificates of a PEM file. Throws `file_error`. */
function readCertificates(path: string): Certificate[] {
  let text: string;
  try {
    text = readRegularFile(path, maxPemBytes).toString("latin1");
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be read: ${whyUnreadable(error)}.`, { cause: error });
  }
  const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0 || blocks.length > maxCertificates) {
    throw new VouchError(
      "file_error",
      `Expected ${path} with 1 to ${maxCertificates} certificates in PEM, got ${blocks.length}.`,
    );
  }
  return blocks.map(([, body = ""], index) => {
    try {
      return readCertificate(new Uint8Array(Buffer.from(body, "base64")));
    } catch (error) {
      throw new VouchError("file_error", `Certificate ${index + 1} of ${path} is malformed.`, { cause: error });
    }
  });
}
