/** A vendor's certificate authority, and what it issues: right, or wrong on demand. */
import "reflect-metadata";
import { KeyObject, X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { AttestationKey } from "../webauthn/attestation.ts";
import { aaguid as usualAaguid } from "../webauthn/security-key.ts";

/** A certificate with its private key. */
export interface Issued extends AttestationKey {
  pem: string;
  base64: string;
  keys: CryptoKeyPair;
  subject: string;
}

export const leafSubject = "C=SE, O=Example, OU=Authenticator Attestation, CN=Example Security Key";

export interface Shape {
  issuer?: Issued;
  subject?: string;
  /** The issuer's name as the certificate has it, where it is another. */
  issuerName?: string;
  isCa?: boolean;
  pathLength?: number;
  usage?: KeyUsageFlags;
  notBefore?: string;
  notAfter?: string;
  algorithm?: keyof typeof algorithms;
  /** Null for a certificate without the extension. */
  aaguid?: Uint8Array | null;
  aaguidIsCritical?: boolean;
  more?: Extension[];
  keys?: CryptoKeyPair;
  /** Signs with another key than the issuer's. */
  forged?: boolean;
}

const algorithms = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "RSA-2048": {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
  "RSA-1024": {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 1024,
  },
  "SHA-1": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-1" },
  Ed25519: { name: "Ed25519" },
} as const;

/** Issues a certificate; self-signed without an issuer. */
export async function issue(shape: Shape = {}): Promise<Issued> {
  const { issuer, isCa = false, subject = isCa ? "C=SE, O=Example, CN=Example Root" : leafSubject } = shape;
  const algorithm = algorithms[shape.algorithm ?? "P-256"];
  const keys = shape.keys ?? ((await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair);
  const stranger =
    shape.forged === true ? await crypto.subtle.generateKey(algorithms["P-256"], true, ["sign", "verify"]) : undefined;
  const signer = stranger ?? issuer?.keys ?? keys;
  const hash = shape.algorithm === "SHA-1" ? "SHA-1" : undefined;
  const aaguid = shape.aaguid === undefined && !isCa ? usualAaguid : (shape.aaguid ?? undefined);
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: shape.issuerName ?? issuer?.subject ?? subject,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: { ...(signer.privateKey.algorithm as object), hash: hash ?? "SHA-256" } as never,
    notBefore: new Date(shape.notBefore ?? "2020-01-01"),
    notAfter: new Date(shape.notAfter ?? "2120-01-01"),
    extensions: [
      new BasicConstraintsExtension(isCa, shape.pathLength, true),
      new KeyUsagesExtension(shape.usage ?? (isCa ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature), true),
      ...(aaguid === undefined
        ? []
        : [
            new Extension(
              "1.3.6.1.4.1.45724.1.1.4",
              shape.aaguidIsCritical ?? false,
              new Uint8Array([0x04, 0x10, ...aaguid]),
            ),
          ]),
      ...(shape.more ?? []),
    ],
  });
  const der = new Uint8Array(certificate.rawData);
  return {
    privateKey: KeyObject.from(keys.privateKey),
    certificate: der,
    chain: [],
    pem: `${certificate.toString("pem")}\n`,
    base64: Buffer.from(der).toString("base64"),
    keys,
    subject,
  };
}

/** The key with these authorities after its certificate. */
export function withChain(leaf: Issued, ...authorities: Issued[]): Issued {
  return { ...leaf, chain: authorities.map(({ certificate }) => certificate) };
}

/** SHA-1 of the public key's bits, as metadata name certificates of U2F keys. */
export function keyIdentifierOf({ certificate }: Issued): string {
  const spki = new X509Certificate(certificate).publicKey.export({ format: "der", type: "spki" });
  // On P-256 the point is the last 65 bytes.
  return new Bun.CryptoHasher("sha1").update(spki.subarray(-65)).digest("hex");
}
