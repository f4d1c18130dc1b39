/** What status reports say about a model (FIDO Metadata Service 3, 3.1.4). */
import { VouchError } from "../../base/errors.ts";
import type { Certificate } from "./certificate.ts";
import type { StatusReport } from "./metadata.ts";

/** The levels of each scheme, the lowest first. FIDO_CERTIFIED is the old name of the first of FIDO's. */
const schemes = [
  [
    "FIDO_CERTIFIED_L1",
    "FIDO_CERTIFIED_L1plus",
    "FIDO_CERTIFIED_L2",
    "FIDO_CERTIFIED_L2plus",
    "FIDO_CERTIFIED_L3",
    "FIDO_CERTIFIED_L3plus",
  ],
  ["FIPS140_CERTIFIED_L1", "FIPS140_CERTIFIED_L2", "FIPS140_CERTIFIED_L3", "FIPS140_CERTIFIED_L4"],
] as const;

export type Certification = (typeof schemes)[number][number];

const certifications: readonly Certification[] = schemes.flat();

/** Models with one of these are refused; a report about one certificate, only keys that were attested by it. */
const compromised: ReadonlySet<string> = new Set([
  "REVOKED",
  "USER_VERIFICATION_BYPASS",
  "ATTESTATION_KEY_COMPROMISE",
  "USER_KEY_REMOTE_COMPROMISE",
  "USER_KEY_PHYSICAL_COMPROMISE",
]);

/** Parses a certification that models must have. Throws `usage`. */
export function parseCertification(text: string): Certification {
  const found = certifications.find((each) => each === text);
  if (found !== undefined) return found;
  throw new VouchError("usage", `Expected --attestation-certified ${certifications.join(", ")}, got "${text}".`);
}

/**
 * The status by which metadata refuse a model, or the keys with one of these certificates; undefined if none does. A
 * report that is to hold from a later day on holds at once.
 */
export function compromiseOf(
  reports: readonly StatusReport[],
  certificates: readonly Certificate[],
): string | undefined {
  return reports.find(
    ({ status, certificate }) =>
      compromised.has(status) &&
      // Who brings no certificate cannot show that it is another.
      (certificate === undefined ||
        certificates.length === 0 ||
        certificates.some(({ der }) => Buffer.from(der).equals(Buffer.from(certificate, "base64")))),
  )?.status;
}

/** The certifications that a model has at this time (seconds since 1970): those after the last that took them away. */
export function certificationsOf(reports: readonly StatusReport[], now: number): Certification[] {
  const today = new Date(now * 1000).toISOString().slice(0, 10);
  const dateOf = ({ effectiveDate = "" }: StatusReport): string => effectiveDate;
  const effective = reports
    .filter((report) => dateOf(report) <= today)
    .toSorted((one, other) => Number(dateOf(one) > dateOf(other)) - Number(dateOf(one) < dateOf(other)));
  const since = effective.findLastIndex(({ status }) => status === "NOT_FIDO_CERTIFIED");
  return effective.slice(since + 1).flatMap(({ status }) => {
    const name = status === "FIDO_CERTIFIED" ? "FIDO_CERTIFIED_L1" : status;
    return certifications.filter((each) => each === name);
  });
}

/** Whether one of the certifications is that which is demanded, or a higher one of its scheme. */
export function isCertified(held: readonly string[], demanded: Certification): boolean {
  const scheme: readonly string[] = schemes.find((names) => (names as readonly string[]).includes(demanded))!;
  return held.some((each) => scheme.indexOf(each) >= scheme.indexOf(demanded));
}
