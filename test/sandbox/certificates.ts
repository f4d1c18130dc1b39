/**
 * The sandbox's own certificate authority and the one certificate that its TLS front shows for every host (RFC 5280).
 * Both are new at every start and good for a week.
 */
import "reflect-metadata";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface Certificates {
  /** The certificate of the authority, PEM. */
  ca: string;
  /** The server's certificate, PEM. */
  certificate: string;
  /** The server's private key, PKCS #8 PEM. */
  privateKey: string;
  /** The file that holds `ca`, for clients that take a path. */
  caPath: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const hour = 3_600_000;

/**
 * Makes the authority and a server certificate for `hosts` (DNS names, a leading `*.` allowed), and writes the
 * authority's certificate to `ca.pem` in `folder`. The private keys stay in memory.
 */
export async function makeCertificates(hosts: readonly string[], folder: string): Promise<Certificates> {
  const notBefore = new Date(Date.now() - hour);
  const notAfter = new Date(Date.now() + 7 * 24 * hour);
  const caKeys = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Vouch sandbox authority",
    keys: caKeys,
    signingAlgorithm: algorithm,
    notBefore,
    notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const leaf = await X509CertificateGenerator.create({
    subject: "CN=Vouch sandbox",
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    notBefore,
    notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: "dns", value }))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const caPath = join(folder, "ca.pem");
  const pem = `${ca.toString("pem")}\n`;
  writeFileSync(caPath, pem);
  return {
    ca: pem,
    certificate: `${leaf.toString("pem")}\n`,
    privateKey: PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"),
    caPath,
  };
}
