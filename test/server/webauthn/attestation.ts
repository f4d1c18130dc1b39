/** The attestation key of a vendor's batch of security keys, with its certificate (WebAuthn Level 3, 8.2.1). */
import "reflect-metadata";
import { KeyObject } from "node:crypto";
import {
  AuthorityInfoAccessExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  Extension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface AttestationKey {
  privateKey: KeyObject;
  /** DER. */
  certificate: Uint8Array;
  /** DER of the authorities that follow it. */
  chain?: Uint8Array[];
  /** The statement's format; packed without it. */
  format?: "fido-u2f";
}

/** id-fido-gen-ce-aaguid. */
const aaguidExtension = "1.3.6.1.4.1.45724.1.1.4";

/**
 * A key whose self-signed certificate is for authenticators with this AAGUID. `addresses` are those that it names for
 * its CRL and its issuer's certificate.
 */
export async function makeAttestationKey(aaguid: Uint8Array, addresses: string[] = []): Promise<AttestationKey> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "C=SE, O=Example, OU=Authenticator Attestation, CN=Example Security Key",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date("2020-01-01"),
    notAfter: new Date("2120-01-01"),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...(addresses.length === 0
        ? []
        : [
            new CRLDistributionPointsExtension(addresses),
            new AuthorityInfoAccessExtension({ caIssuers: addresses, ocsp: addresses }),
          ]),
      // An OCTET STRING of 16 bytes.
      new Extension(aaguidExtension, false, new Uint8Array([0x04, 0x10, ...aaguid])),
    ],
  });
  return { privateKey: KeyObject.from(keys.privateKey), certificate: new Uint8Array(certificate.rawData) };
}
