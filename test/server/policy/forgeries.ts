/** What a forger, or a vendor that made a mistake, would send as an attestation, and why it is refused. */
import "reflect-metadata";
import { Extension, KeyUsageFlags } from "@peculiar/x509";
import type { Twist } from "../webauthn/security-key.ts";
import { issue, leafSubject, type Shape, withChain } from "./authority.ts";
import { type Authorities, bytes } from "./vendors.ts";

/** Makes what a key sends, with the vendors' authorities. */
export type Make = (at: Authorities) => Twist | Promise<Twist>;

/** A key of the model whose certificate the at.root issued, otherwise than it should. */
export const leaf =
  (shape: Shape = {}, model = 7): Make =>
  async (at) => ({
    aaguid: bytes(model),
    attestation: await issue({ issuer: at.root, aaguid: bytes(model), ...shape }),
  });
/** As a certificate of the usual model that is issued by an authority in the middle. */
const through =
  (authority: Shape, shape: Shape = {}): Make =>
  async (at) => {
    const middle = await issue({
      isCa: true,
      issuer: at.root,
      subject: "CN=Example Intermediate",
      pathLength: 0,
      ...authority,
    });
    return { attestation: withChain(await issue({ issuer: middle, ...shape }), middle) };
  };
const extension = (id: string, critical: boolean, hex: string) => new Extension(id, critical, Buffer.from(hex, "hex"));
const subject = (name: string) => leaf({ subject: name });

const noRoot = "it leads to no root that is trusted";
export const chain: [what: string, make: Make, reason: string][] = [
  ["no attestation", () => ({ attestation: "none" }), "it has no attestation by its vendor"],
  ["self attestation", () => ({}), "it has no attestation by its vendor"],
  ["a certificate that signs itself", async () => ({ attestation: await issue() }), noRoot],
  [
    "a certificate of another root with the same name",
    async (at) => ({ attestation: await issue({ issuer: at.otherRoot }) }),
    noRoot,
  ],
  [
    "a root of its own in the chain",
    async () => {
      const own = await issue({ isCa: true, subject: "CN=My Root" });
      return { attestation: withChain(await issue({ issuer: own }), own) };
    },
    noRoot,
  ],
  [
    "another root with the same name in the chain",
    async (at) => ({ attestation: withChain(await issue({ issuer: at.otherRoot }), at.otherRoot) }),
    noRoot,
  ],
  [
    "the real root behind a certificate of another",
    async (at) => ({ attestation: withChain(await issue({ issuer: at.otherRoot }), at.root) }),
    "is not signed by the next",
  ],
  ["a certificate that says that the root issued it", leaf({ forged: true }), noRoot],
  [
    "a changed byte of the certificate",
    async (at) => {
      const made = await issue({ issuer: at.root });
      const changed = made.certificate.slice();
      changed[changed.length - 1]! ^= 1;
      return { attestation: { ...made, certificate: changed } };
    },
    noRoot,
  ],
  [
    "the signature of another key than the certificate's",
    async (at) => {
      const made = await issue({ issuer: at.root });
      return { attestation: { ...made, privateKey: (await issue({ issuer: at.root })).privateKey } };
    },
    "the attestation signature is wrong",
  ],
  ["a certificate that has ended", leaf({ notAfter: "2026-12-31" }), "a certificate ended on 2026-12-31"],
  ["a certificate of the future", leaf({ notBefore: "2028-01-01" }), "a certificate is valid only from 2028-01-01 on"],
  ["an authority that has ended", through({ notAfter: "2026-12-31" }), "a certificate ended on 2026-12-31"],
  [
    "an authority of the future",
    through({ notBefore: "2028-01-01" }),
    "a certificate is valid only from 2028-01-01 on",
  ],
  ["an authority's certificate as its own", async (at) => ({ attestation: { ...at.root } }), "is not for attestation"],
  [
    "an authority's certificate that is called an authenticator's",
    leaf({ isCa: true, subject: leafSubject }),
    "is that of an authority",
  ],
  [
    "a certificate issued by a key that is no authority",
    through({ isCa: false, aaguid: null }),
    "is signed by a certificate that is no authority's",
  ],
  [
    "a certificate issued by another key's certificate",
    async (at) => {
      const other = await issue({ issuer: at.root, subject: "CN=Other" });
      return { attestation: withChain(await issue({ issuer: other }), other) };
    },
    "is signed by a certificate that is no authority's",
  ],
  [
    "an authority that may sign no certificates",
    through({ usage: KeyUsageFlags.digitalSignature }),
    "an authority's certificate is not for certificates",
  ],
  [
    "a certificate that is not for signatures",
    leaf({ usage: KeyUsageFlags.keyAgreement }),
    "its certificate is not for signatures",
  ],
  [
    "a chain that is longer than its authority allows",
    async (at) => {
      const second = await issue({ isCa: true, issuer: at.intermediate, subject: "CN=Second" });
      return { attestation: withChain(await issue({ issuer: second }), second, at.intermediate) };
    },
    "its chain is longer than an authority allows",
  ],
  [
    "a chain that is longer than the root allows",
    async (at) => {
      const first = await issue({ isCa: true, issuer: at.root, subject: "CN=First" });
      const second = await issue({ isCa: true, issuer: first, subject: "CN=Second" });
      return { attestation: withChain(await issue({ issuer: second }), second, first) };
    },
    "its chain is longer than an authority allows",
  ],
  [
    "an intermediate with the name of the real one",
    async (at) => {
      const twin = await issue({ isCa: true, subject: "CN=Example Intermediate" });
      return { attestation: withChain(await issue({ issuer: twin }), at.intermediate) };
    },
    "is not signed by the next",
  ],
  [
    "an intermediate that signs itself in the name of the root",
    async (at) => {
      const twin = await issue({ isCa: true, subject: "CN=Example Intermediate", issuerName: at.root.subject });
      return { attestation: withChain(await issue({ issuer: twin }), twin) };
    },
    noRoot,
  ],
  [
    "a chain without its intermediate",
    async (at) => ({ attestation: await issue({ issuer: at.intermediate }) }),
    noRoot,
  ],
  [
    "a chain in the wrong order",
    async (at) => {
      const made = await issue({ issuer: at.intermediate });
      return { attestation: withChain(made, at.root, at.intermediate) };
    },
    "is not signed by the next",
  ],
  [
    "four authorities",
    async (at) => ({ attestation: withChain(await issue({ issuer: at.root }), at.root, at.root, at.root, at.root) }),
    "it has more than 4 attestation certificates",
  ],
  ["a certificate for another model", leaf({ aaguid: bytes(8) }), "its attestation certificate is for another model"],
  [
    "the AAGUID extension twice",
    leaf({ more: [extension("1.3.6.1.4.1.45724.1.1.4", false, `0410${"07".repeat(16)}`)] }),
    "its attestation certificate is malformed",
  ],
  [
    "basic constraints twice",
    leaf({ more: [extension("2.5.29.19", true, "30030101ff")] }),
    "its attestation certificate is malformed",
  ],
  [
    "key usage twice",
    leaf({ more: [extension("2.5.29.15", true, "03020780")] }),
    "its attestation certificate is malformed",
  ],
  ["a critical AAGUID extension", leaf({ aaguidIsCritical: true }), "its attestation certificate is malformed"],
  [
    "an AAGUID extension without its inner string",
    leaf({ aaguid: null, more: [extension("1.3.6.1.4.1.45724.1.1.4", false, "07".repeat(16))] }),
    "its attestation certificate is malformed",
  ],
  [
    "an AAGUID extension of 15 bytes",
    leaf({ aaguid: null, more: [extension("1.3.6.1.4.1.45724.1.1.4", false, `040f${"07".repeat(15)}`)] }),
    "its attestation certificate is malformed",
  ],
  [
    "a critical extension that nobody knows",
    leaf({ more: [extension("1.2.3.4", true, "0500")] }),
    "a critical extension that is not supported",
  ],
  [
    "an authority with name constraints",
    through({ more: [extension("2.5.29.30", false, "3000")] }),
    "a constraint that is not supported",
  ],
  [
    "an authority's critical extension that nobody knows",
    through({ more: [extension("1.2.3.4", true, "0500")] }),
    "a critical extension that is not supported",
  ],
  ["an RSA key of 1,024 bits", leaf({ algorithm: "RSA-1024" }), "a key of a kind or length that is not accepted"],
  [
    "an authority with an RSA key of 1,024 bits",
    through({ algorithm: "RSA-1024" }),
    "a key of a kind or length that is not accepted",
  ],
  ["a certificate that is signed with SHA-1", leaf({ algorithm: "SHA-1" }), noRoot],
  [
    "no country in the certificate",
    subject("O=Example, OU=Authenticator Attestation, CN=Key"),
    "does not name country, vendor and model",
  ],
  [
    "no vendor in the certificate",
    subject("C=SE, OU=Authenticator Attestation, CN=Key"),
    "does not name country, vendor and model",
  ],
  [
    "another unit in the certificate",
    subject("C=SE, O=Example, OU=Web Servers, CN=Key"),
    "its certificate is not for attestation",
  ],
  [
    "a root that has ended",
    async (at) => ({ attestation: await issue({ issuer: at.ended }) }),
    "a certificate ended on 2024-01-01",
  ],
  [
    "a U2F certificate of another root",
    async (at) => ({
      aaguid: bytes(0),
      attestation: { ...(await issue({ issuer: at.otherRoot, aaguid: null })), format: "fido-u2f" },
    }),
    "its model is not proved",
  ],
  [
    "a U2F statement with an AAGUID",
    (at) => ({ attestation: { ...at.u2f, format: "fido-u2f" } }),
    "a U2F key has no AAGUID",
  ],
];

/** What metadata say about models that are attested well. */
export const models: [what: string, make: Make, reason: string][] = [
  ["a model that is revoked", leaf({}, 8), "the FIDO metadata say REVOKED of its model"],
  ["a model whose user verification can be passed by", leaf({}, 9), "the FIDO metadata say USER_VERIFICATION_BYPASS"],
  ["a model whose attestation key has leaked", leaf({}, 10), "the FIDO metadata say ATTESTATION_KEY_COMPROMISE"],
  ["a model whose keys can be taken from afar", leaf({}, 11), "the FIDO metadata say USER_KEY_REMOTE_COMPROMISE"],
  ["a model whose keys can be taken by hand", leaf({}, 12), "the FIDO metadata say USER_KEY_PHYSICAL_COMPROMISE"],
  ["a model that will be revoked", leaf({}, 13), "the FIDO metadata say REVOKED"],
  [
    "a batch whose attestation key has leaked",
    (at) => ({ aaguid: bytes(20), attestation: at.batch }),
    "the FIDO metadata say ATTESTATION_KEY_COMPROMISE",
  ],
  ["a model whose root has leaked", leaf({}, 25), "the FIDO metadata say ATTESTATION_KEY_COMPROMISE"],
  ["a revoked model by self attestation", () => ({ aaguid: bytes(8) }), "the FIDO metadata say REVOKED"],
  ["a model that has self attestation only", leaf({}, 14), "its model has self attestation only"],
  ["a model of a lower level", leaf({}, 15), "its model is not certified as FIDO_CERTIFIED_L2"],
  ["a model that will be certified", leaf({}, 16), "its model is not certified as FIDO_CERTIFIED_L2"],
  ["a model that is no longer certified", leaf({}, 17), "its model is not certified as FIDO_CERTIFIED_L2"],
  ["a model that certifies itself", leaf({}, 18), "its model is not certified as FIDO_CERTIFIED_L2"],
  ["a model of another scheme", leaf({}, 19), "its model is not certified as FIDO_CERTIFIED_L2"],
  ["a model without roots", leaf({}, 21), "its model has self attestation only"],
  ["a model that has another root", leaf({}, 22), noRoot],
  ["a model without a statement", leaf({}, 23), "its model has self attestation only"],
  ["a model whose entry is malformed", leaf({}, 24), "the FIDO metadata do not know it"],
  ["a model that nobody knows", leaf({}, 99), "the FIDO metadata do not know it"],
  [
    "a U2F key that nobody knows",
    async (at) => ({
      aaguid: bytes(0),
      attestation: { ...(await issue({ issuer: at.root, aaguid: null })), format: "fido-u2f" },
    }),
    "the FIDO metadata do not know it",
  ],
];
