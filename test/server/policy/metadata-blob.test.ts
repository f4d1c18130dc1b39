/** Blobs of the FIDO Metadata Service: what is read of them, and which are refused. */
import "reflect-metadata";
import { beforeAll, describe, expect, test } from "bun:test";
import { createHmac, sign } from "node:crypto";
import { KeyUsageFlags, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { builtInRoot, metadataHost } from "../../../src/server/policy/built-in-root.ts";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import { certificationsOf, compromiseOf, isCertified } from "../../../src/server/policy/certification.ts";
import { readBlob } from "../../../src/server/policy/metadata-blob.ts";
import { rejection } from "../../rejection.ts";
import { issue, type Issued } from "./authority.ts";
import { type BlobShape, entry, makeBlob, metadataService, type MetadataService } from "./blob.ts";

const now = Date.parse("2027-01-15T08:00:00Z") / 1000;
const aaguid = "07070707-0707-0707-0707-070707070707";

let service: MetadataService;
let other: Issued;
beforeAll(async () => {
  service = await metadataService();
  other = await issue({ isCa: true, subject: "CN=Metadata Root" });
});

const read = (blob: string, roots: Issued[] = [service.root]) =>
  readBlob(blob, { roots: roots.map(({ certificate }) => readCertificate(certificate)), now, source: "/blob.jwt" });

test("a blob says its number, its date and its models", () => {
  const entries = [
    entry(aaguid, {}, { attestationRootCertificates: [service.root.base64], icon: "data:image/png;base64,AAAA" }),
    { aaid: "1234#5678", statusReports: [] },
    { aaguid: "not one", statusReports: [] },
    { attestationCertificateKeyIdentifiers: ["AB".repeat(20)], statusReports: [{ status: "REVOKED" }] },
    entry(
      "08080808-0808-0808-0808-080808080808",
      {},
      { description: "Ill\u001b[2J named", keyProtection: ["software"] },
    ),
  ];
  const { models, ...metadata } = read(makeBlob(service, { entries }));
  expect(metadata).toMatchObject({
    number: 10,
    nextUpdate: "2027-02-01",
    source: "/blob.jwt",
    readAt: now,
    skipped: 2,
  });
  expect(models).toMatchObject([
    { aaguid, description: "Example Security Key 5", isHardware: true, roots: [service.root.base64] },
    { keyIdentifiers: ["ab".repeat(20)], roots: [], reports: [{ status: "REVOKED" }] },
    { description: expect.not.stringContaining("\u001b"), isHardware: false },
  ]);
});

test("a blob may be signed with RS256, and through an intermediate", async () => {
  const rsa = await metadataService({ algorithm: "RSA-2048" });
  expect(read(makeBlob(rsa), [rsa.root]).number).toBe(10);
  const middle = await issue({ isCa: true, issuer: service.root, subject: "CN=Metadata Intermediate" });
  const signer = await issue({ issuer: middle, subject: "CN=Metadata Signer", aaguid: null });
  const blob = makeBlob({ root: service.root, signer }, { header: { x5c: [signer.base64, middle.base64] } });
  expect(read(blob).number).toBe(10);
});

type Row = [what: string, make: () => string | Promise<string>, reason: string];
const shaped = (shape: BlobShape) => () => makeBlob(service, shape);
const header = (more: Record<string, unknown>) => shaped({ header: more });
const signedBy = (shape: Parameters<typeof issue>[0] & object) => async () => {
  const signer = await issue({ issuer: service.root, subject: "CN=Metadata Signer", aaguid: null, ...shape });
  return makeBlob({ root: service.root, signer });
};
/** With another payload than was signed. */
const swapped = (part: 0 | 1 | 2, shape: BlobShape) => () => {
  const parts = makeBlob(service).split(".");
  parts[part] = makeBlob(service, shape).split(".")[part]!;
  return parts.join(".");
};

const forged: Row[] = [
  ["nothing", () => "", "they are no JWT"],
  ["a web page", () => "<!doctype html><title>Log in</title>", "they are no JWT"],
  ["JSON", () => "{}", "they are no JWT"],
  ["two parts", () => makeBlob(service).split(".").slice(0, 2).join("."), "they are no JWT"],
  ["four parts", () => `${makeBlob(service)}.AAAA`, "they are no JWT"],
  ["padding", () => `${makeBlob(service)}==`, "they are no JWT"],
  ["more than 16 MiB", () => "A".repeat((16 << 20) + 1), "they are larger than 16777216 bytes"],
  [
    "a header that is no JSON",
    () => `AAAA.${makeBlob(service).split(".").slice(1).join(".")}`,
    "their header has no certificates",
  ],
  ["no certificates", header({ x5c: undefined }), "their header has no certificates"],
  ["an empty list of certificates", header({ x5c: [] }), "their header has no certificates"],
  [
    "an address of certificates",
    header({ x5c: undefined, x5u: "https://example.com/chain" }),
    "their header has no certificates",
  ],
  ["a critical extension of the header", header({ crit: ["b64"], b64: false }), "their header has no certificates"],
  ["a certificate that is none", header({ x5c: ["AAAA"] }), "a certificate of theirs is malformed"],
  ["the algorithm none", header({ alg: "none" }), "their algorithm is not RS256 or ES256"],
  [
    "the algorithm none without a signature",
    shaped({ header: { alg: "none" }, signature: () => new Uint8Array([0]) }),
    "their algorithm is not RS256 or ES256",
  ],
  [
    "HS256 with the public key",
    shaped({
      header: { alg: "HS256" },
      signature: (signed) => createHmac("sha256", service.signer.certificate).update(signed).digest(),
    }),
    "their algorithm is not RS256 or ES256",
  ],
  [
    "the algorithm of another kind of key",
    header({ alg: "RS256" }),
    "their algorithm is not RS256 or ES256, or not that of their key",
  ],
  [
    "an algorithm that is a property of every object",
    header({ alg: "constructor" }),
    "their algorithm is not RS256 or ES256",
  ],
  ["ES256 on another curve", signedBy({ algorithm: "P-384" }), "or not that of their key"],
  [
    "a changed signature",
    shaped({
      signature: (signed) =>
        sign("sha256", Buffer.from(`${signed}.`), { key: service.signer.privateKey, dsaEncoding: "ieee-p1363" }),
    }),
    "their signature is wrong",
  ],
  [
    "a signature in DER",
    shaped({ signature: (signed) => sign("sha256", Buffer.from(signed), service.signer.privateKey) }),
    "their signature is wrong",
  ],
  ["another number than was signed", swapped(1, { no: 99 }), "their signature is wrong"],
  ["another model than was signed", swapped(1, { entries: [entry(aaguid)] }), "their signature is wrong"],
  ["another header than was signed", swapped(0, { header: { kid: "x" } }), "their signature is wrong"],
  ["the signature of another blob", swapped(2, { no: 11 }), "their signature is wrong"],
  [
    "a signer of another root with the same name",
    async () => {
      const signer = await issue({ issuer: other, subject: "CN=Metadata Signer", aaguid: null });
      return makeBlob({ root: other, signer });
    },
    "it leads to no root that is trusted",
  ],
  [
    "a signer that signs itself",
    async () => makeBlob({ root: other, signer: await issue({ subject: "CN=Metadata Signer", aaguid: null }) }),
    "it leads to no root that is trusted",
  ],
  ["the root as signer", () => makeBlob({ root: service.root, signer: service.root }), "is that of an authority"],
  ["a signer that has ended", signedBy({ notAfter: "2027-01-01" }), "a certificate ended on 2027-01-01"],
  ["a signer of the future", signedBy({ notBefore: "2027-02-01" }), "a certificate is valid only from 2027-02-01 on"],
  [
    "a signer that may not sign",
    signedBy({ usage: KeyUsageFlags.keyAgreement }),
    "its certificate is not for signatures",
  ],
  ["a signer with a weak key", signedBy({ algorithm: "RSA-1024" }), "a key of a kind or length that is not accepted"],
  ["a signer before a stranger's certificate", header({ x5c: ["", ""] }), "their header has no certificates"],
  ["no number", shaped({ no: undefined, entries: null }), "they have no number, date or entries"],
  ["a number that is text", shaped({ no: "10" }), "they have no number, date or entries"],
  ["a number with a fraction", shaped({ no: 1.5 }), "they have no number, date or entries"],
  ["a negative number", shaped({ no: -1 }), "they have no number, date or entries"],
  ["a number beyond all others", shaped({ no: 1e300 }), "they have no number, date or entries"],
  ["a date that is none", shaped({ nextUpdate: "soon" }), "they have no number, date or entries"],
  ["entries that are no list", shaped({ entries: {} }), "they have no number, date or entries"],
  ["a date of last year", shaped({ nextUpdate: "2026-01-01" }), "they were to be replaced by 2026-01-01"],
  ["a date of eight days ago", shaped({ nextUpdate: "2027-01-07" }), "they were to be replaced by 2027-01-07"],
  [
    "two entries for one model",
    shaped({ entries: [entry(aaguid), entry(aaguid)] }),
    "they have two entries for one model",
  ],
];

describe("a blob is refused with", () => {
  test.each(forged)("%s", async (_what, make, reason) => {
    const blob = await make();
    const failure = await rejection(() => read(blob));
    expect(failure).toMatchObject({ code: "protocol_error", message: expect.stringContaining(reason) });
  });
});

test("a blob is good for a week after its date", () => {
  expect(read(makeBlob(service, { nextUpdate: "2027-01-08" })).number).toBe(10);
});

test("nobody else whom the built-in root certifies signs metadata", async () => {
  const root = builtInRoot();
  expect(new Bun.CryptoHasher("sha256").update(root.der).digest("hex")).toBe(
    "cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b",
  );
  expect(() => readBlob(makeBlob(service), { roots: undefined, now, source: "" })).toThrow("it leads to no root");
  const blobBy = async (name: string) => {
    const more = [new SubjectAlternativeNameExtension([{ type: "dns", value: name }])];
    const signer = await issue({ issuer: service.root, subject: `CN=${name}`, aaguid: null, more });
    return makeBlob({ root: service.root, signer });
  };
  const roots = [readCertificate(service.root.certificate)];
  const options = { roots, host: metadataHost, now, source: "" };
  expect(readBlob(await blobBy(metadataHost), options).number).toBe(10);
  for (const name of ["evil.example", "mds.fidoalliance.org.evil.example", "fidoalliance.org"]) {
    const blob = await blobBy(name);
    expect(() => readBlob(blob, options)).toThrow("they are signed by somebody else than mds.fidoalliance.org");
  }
});

describe("status reports", () => {
  const on = (status: string, effectiveDate: string) => ({ status, effectiveDate });
  test.each([
    [[on("FIDO_CERTIFIED", "2020-01-01")], ["FIDO_CERTIFIED_L1"]],
    [
      [on("FIDO_CERTIFIED_L1", "2020-01-01"), on("FIDO_CERTIFIED_L2", "2021-01-01")],
      ["FIDO_CERTIFIED_L1", "FIDO_CERTIFIED_L2"],
    ],
    [[on("FIDO_CERTIFIED_L1", "2020-01-01"), on("NOT_FIDO_CERTIFIED", "2021-01-01")], []],
    [[on("NOT_FIDO_CERTIFIED", "2021-01-01"), on("FIDO_CERTIFIED_L1", "2021-01-01")], ["FIDO_CERTIFIED_L1"]],
    [[on("NOT_FIDO_CERTIFIED", "2021-01-01"), on("FIDO_CERTIFIED_L1", "2020-01-01")], []],
    [[on("FIDO_CERTIFIED_L3", "2027-01-16")], []],
    [[{ status: "FIDO_CERTIFIED_L1" }], ["FIDO_CERTIFIED_L1"]],
    [[on("UPDATE_AVAILABLE", "2020-01-01")], []],
  ])("%j certify %j", (reports, held) => {
    expect(certificationsOf(reports, now) as string[]).toEqual(held);
  });

  test.each([
    [["FIDO_CERTIFIED_L2"], "FIDO_CERTIFIED_L1", true],
    [["FIDO_CERTIFIED_L1plus"], "FIDO_CERTIFIED_L2", false],
    [["FIDO_CERTIFIED_L3"], "FIPS140_CERTIFIED_L1", false],
    [["FIPS140_CERTIFIED_L3"], "FIPS140_CERTIFIED_L2", true],
    [[], "FIDO_CERTIFIED_L1", false],
  ] as const)("%j are enough for %s: %p", (held, demanded, isEnough) => {
    expect(isCertified(held, demanded)).toBe(isEnough);
  });

  test("about another certificate say nothing of this one", () => {
    const [mine, another] = [service.signer, other].map(({ certificate }) => readCertificate(certificate));
    const reports = [
      { status: "ATTESTATION_KEY_COMPROMISE", certificate: Buffer.from(another!.der).toString("base64") },
    ];
    expect(compromiseOf(reports, [mine!])).toBeUndefined();
    expect(compromiseOf(reports, [mine!, another!])).toBe("ATTESTATION_KEY_COMPROMISE");
    expect(compromiseOf(reports, [])).toBe("ATTESTATION_KEY_COMPROMISE");
  });
});
