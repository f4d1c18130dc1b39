/** Made-up vendors: their authorities, and what metadata say of their models. */
import { type Issued, issue, keyIdentifierOf } from "./authority.ts";
import { entry } from "./blob.ts";

/** The AAGUID of a made-up model, as bytes and as text. */
export const bytes = (model: number) => new Uint8Array(16).fill(model);
export const text = (model: number) =>
  Buffer.from(bytes(model))
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

export interface Authorities {
  root: Issued;
  intermediate: Issued;
  /** Of the same name as the root. */
  otherRoot: Issued;
  /** A root that is trusted, but has ended. */
  ended: Issued;
  /** The attestation key of a batch of model 20, which has leaked. */
  batch: Issued;
  u2f: Issued;
}

export async function makeAuthorities(): Promise<Authorities> {
  const root = await issue({ isCa: true, pathLength: 1 });
  const intermediate = await issue({ isCa: true, issuer: root, subject: "CN=Example Intermediate", pathLength: 0 });
  const otherRoot = await issue({ isCa: true });
  const batch = await issue({ issuer: root, aaguid: bytes(20) });
  const u2f = await issue({ issuer: root, aaguid: null });
  const ended = await issue({ isCa: true, notAfter: "2024-01-01", subject: "CN=Ended Root" });
  return { root, intermediate, otherRoot, ended, batch, u2f };
}

/** Entries of metadata: a good model 7, and others of which something is said. */
export function entriesFor({ root, otherRoot, ended, batch, u2f }: Authorities): object[] {
  const report = (status: string, more: object = {}) => [
    { status: "FIDO_CERTIFIED_L3", effectiveDate: "2024-01-01" },
    { status, effectiveDate: "2026-01-01", ...more },
  ];
  const trusted = { attestationRootCertificates: [root.base64, ended.base64] };
  return [
    entry(text(7), {}, trusted),
    entry(text(8), { statusReports: report("REVOKED") }, trusted),
    entry(text(9), { statusReports: report("USER_VERIFICATION_BYPASS") }, trusted),
    entry(text(10), { statusReports: report("ATTESTATION_KEY_COMPROMISE") }, trusted),
    entry(text(11), { statusReports: report("USER_KEY_REMOTE_COMPROMISE") }, trusted),
    entry(text(12), { statusReports: report("USER_KEY_PHYSICAL_COMPROMISE") }, trusted),
    entry(text(13), { statusReports: report("REVOKED", { effectiveDate: "2099-01-01" }) }, trusted),
    entry(text(14), {}, { attestationTypes: ["basic_surrogate"], ...trusted }),
    entry(text(15), { statusReports: [{ status: "FIDO_CERTIFIED", effectiveDate: "2020-01-01" }] }, trusted),
    entry(text(16), { statusReports: [{ status: "FIDO_CERTIFIED_L2", effectiveDate: "2099-01-01" }] }, trusted),
    entry(text(17), { statusReports: report("NOT_FIDO_CERTIFIED") }, trusted),
    entry(text(18), { statusReports: [{ status: "SELF_ASSERTION_SUBMITTED" }] }, trusted),
    entry(text(19), { statusReports: [{ status: "FIPS140_CERTIFIED_L3", effectiveDate: "2024-01-01" }] }, trusted),
    entry(text(20), { statusReports: report("ATTESTATION_KEY_COMPROMISE", { certificate: batch.base64 }) }, trusted),
    entry(text(21), {}, { attestationRootCertificates: [] }),
    entry(text(22), {}, { attestationRootCertificates: [otherRoot.base64] }),
    entry(text(23), { metadataStatement: undefined }),
    { ...entry(text(0), { aaguid: undefined, attestationCertificateKeyIdentifiers: [keyIdentifierOf(u2f)] }, trusted) },
    { aaguid: text(24), statusReports: "REVOKED" },
    entry(text(25), { statusReports: report("ATTESTATION_KEY_COMPROMISE", { certificate: root.base64 }) }, trusted),
  ];
}
