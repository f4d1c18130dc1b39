/** A metadata service of the tests: its root, its signer, and blobs that say what a test wants. */
import { sign } from "node:crypto";
import { type Issued, issue, type Shape } from "./authority.ts";

export interface MetadataService {
  root: Issued;
  signer: Issued;
}

export async function metadataService(shape: Shape = {}): Promise<MetadataService> {
  const root = await issue({ isCa: true, subject: "CN=Metadata Root" });
  const signer = await issue({ issuer: root, subject: "CN=Metadata Signer", aaguid: null, ...shape });
  return { root, signer };
}

/** An entry about a FIDO2 model. */
export function entry(
  aaguid: string,
  more: Record<string, unknown> = {},
  statement: Record<string, unknown> = {},
): object {
  return {
    aaguid,
    metadataStatement: {
      description: "Example Security Key 5",
      attestationTypes: ["basic_full"],
      keyProtection: ["hardware", "secure_element"],
      attestationRootCertificates: [],
      ...statement,
    },
    statusReports: [{ status: "FIDO_CERTIFIED_L2", effectiveDate: "2025-01-01" }],
    timeOfLastStatusChange: "2025-01-01",
    ...more,
  };
}

export interface BlobShape {
  no?: unknown;
  nextUpdate?: unknown;
  entries?: unknown;
  header?: Record<string, unknown>;
  /** Instead of the signature. */
  signature?: (signed: string) => Uint8Array;
}

/** The blob as the service signs it. */
export function makeBlob(service: MetadataService, shape: BlobShape = {}): string {
  const { no = 10, nextUpdate = "2027-02-01", entries = [] } = shape;
  const isRsa = service.signer.privateKey.asymmetricKeyType === "rsa";
  const header = { alg: isRsa ? "RS256" : "ES256", typ: "JWT", x5c: [service.signer.base64], ...shape.header };
  const payload = { legalHeader: "Of the tests.", no, nextUpdate, entries };
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const key = { key: service.signer.privateKey, dsaEncoding: "ieee-p1363" } as const;
  const signature = shape.signature?.(signed) ?? sign("sha256", Buffer.from(signed), key);
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}
