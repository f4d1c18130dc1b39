/** Verifies and reads the blob of the FIDO Metadata Service: a JWT (FIDO Metadata Service 3, 3.1.7 and 3.2). */
import { createHash, verify } from "node:crypto";
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { printable } from "../../base/words/printable.ts";
import { builtInRoot, metadataHost } from "./built-in-root.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { findAnchor } from "./chain.ts";
import { DateText, goodUntil, type Metadata, type Model, ModelSchema, Uuid } from "./metadata.ts";

export const maxBlobBytes = 16 << 20;

const Base64Certificate = v.pipe(v.string(), v.maxLength(12_288), v.regex(/^[A-Za-z0-9+/]+={0,2}$/, "expected base64"));
const Header = v.object({
  alg: v.string(),
  x5c: v.pipe(v.array(Base64Certificate), v.minLength(1), v.maxLength(5)),
  crit: v.optional(v.never()),
});
const Payload = v.object({
  no: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  nextUpdate: DateText,
  entries: v.pipe(v.array(v.unknown()), v.maxLength(20_000)),
});

/** What an entry must have at least; the rest of it is not read. */
const Entry = v.object({
  aaguid: v.optional(v.pipe(v.string(), v.toLowerCase(), Uuid)),
  attestationCertificateKeyIdentifiers: v.optional(v.array(v.pipe(v.string(), v.toLowerCase())), []),
  metadataStatement: v.optional(
    v.object({
      description: v.optional(v.string(), ""),
      attestationRootCertificates: v.optional(v.array(v.string()), []),
      attestationTypes: v.optional(v.array(v.string()), []),
      keyProtection: v.optional(v.array(v.string()), []),
    }),
  ),
  statusReports: v.array(v.object({ status: v.string() })),
});

interface BlobOptions {
  roots: readonly Certificate[] | undefined;
  host?: string;
  now: number;
  source: string;
}

/** JWA names (RFC 7518, 3.1), with the key that each wants. */
const algorithms: Readonly<Record<string, { keyType: string; curve?: string }>> = {
  RS256: { keyType: "rsa" },
  ES256: { keyType: "ec", curve: "prime256v1" },
};

/**
 * Verifies a blob up to one of the roots at this time (seconds since 1970), and returns what it says. `roots` is undefined
 * for the built-in one; `host` is whom the signer must be, by default the FIDO Alliance's under that root. Throws `protocol_error` with the reason, also for a blob whose next issue is long overdue.
 */
export function readBlob(text: string, { roots, host, now, source }: BlobOptions): Metadata {
  if (text.length > maxBlobBytes) throw refused(`they are larger than ${maxBlobBytes} bytes`);
  const [head = "", body = "", signature = "", ...rest] = text.trim().split(".");
  if (rest.length > 0 || ![head, body, signature].every(isBase64url)) throw refused("they are no JWT");
  const header = v.safeParse(Header, parseJson(Buffer.from(head, "base64url").toString()));
  if (!header.success) throw refused("their header has no certificates, or is malformed");
  const { alg, x5c } = header.output;
  const chain = x5c.map((der) => readCertificate(decode(der, "base64"), "a certificate of theirs"));
  const { anchor } = findAnchor(chain, roots ?? [builtInRoot()], now);
  const [signer] = chain;
  checkSigner(signer!, host ?? (isBuiltIn(anchor) ? metadataHost : undefined));
  checkSignature(alg, signer!, `${head}.${body}`, decode(signature));
  const payload = v.safeParse(Payload, parseJson(Buffer.from(body, "base64url").toString()));
  if (!payload.success) throw refused("they have no number, date or entries as FIDO Metadata Service 3 has them");
  const { no, nextUpdate, entries } = payload.output;
  if (now >= goodUntil({ nextUpdate })) throw refused(`they were to be replaced by ${nextUpdate}`);
  const models = entries.map(toModel).filter((model) => model !== undefined);
  checkUnique(models);
  const root = createHash("sha256").update(anchor.der).digest("hex");
  return { number: no, nextUpdate, root, source, readAt: now, models, skipped: entries.length - models.length };
}

/** Also where an operator names it: it signs for the whole web. */
function isBuiltIn(anchor: Certificate): boolean {
  return Buffer.from(anchor.der).equals(builtInRoot().der);
}

function checkSigner(signer: Certificate, host: string | undefined): void {
  if (host === undefined || signer.x509.checkHost(host) !== undefined) return;
  throw refused(`they are signed by somebody else than ${host}`);
}

function checkSignature(alg: string, { publicKey }: Certificate, signed: string, signature: Uint8Array): void {
  const algorithm = Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined;
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  const isOfKey =
    algorithm?.keyType === asymmetricKeyType &&
    (algorithm?.curve === undefined || algorithm.curve === asymmetricKeyDetails?.namedCurve);
  if (!isOfKey) throw refused("their algorithm is not RS256 or ES256, or not that of their key");
  const isRight = verify("sha256", Buffer.from(signed), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
  if (!isRight) throw refused("their signature is wrong");
}

/** The entry, as far as it is of use; undefined for UAF and for what is malformed. */
function toModel(value: unknown): Model | undefined {
  const parsed = v.safeParse(Entry, value);
  if (!parsed.success) return undefined;
  const { aaguid, attestationCertificateKeyIdentifiers: keyIdentifiers, metadataStatement } = parsed.output;
  if (aaguid === undefined && keyIdentifiers.length === 0) return undefined;
  const {
    description = "",
    attestationRootCertificates = [],
    attestationTypes = [],
    keyProtection = [],
  } = metadataStatement ?? {};
  // A model with self attestation alone is attested by nobody.
  const isAttested = attestationTypes.some((type) => type === "basic_full" || type === "attca");
  const isHardware = keyProtection.some((kind) => kind === "hardware" || kind === "secure_element");
  const model = v.safeParse(ModelSchema, {
    ...(aaguid === undefined ? {} : { aaguid }),
    keyIdentifiers,
    description: Array.from(printable(description)).slice(0, 200).join(""),
    roots: isAttested ? attestationRootCertificates : [],
    isHardware,
    reports: (value as { statusReports: unknown }).statusReports,
  });
  return model.success ? model.output : undefined;
}

function checkUnique(models: readonly Model[]): void {
  const ids = models.flatMap(({ aaguid, keyIdentifiers }) => [
    ...(aaguid === undefined ? [] : [aaguid]),
    ...keyIdentifiers,
  ]);
  if (new Set(ids).size !== ids.length) throw refused("they have two entries for one model");
}

/** In its one form: without padding, and without bits beyond the last byte. */
function isBase64url(text: string): boolean {
  return text !== "" && Buffer.from(text, "base64url").toString("base64url") === text;
}

function decode(text: string, encoding: "base64" | "base64url" = "base64url"): Uint8Array {
  return new Uint8Array(Buffer.from(text, encoding));
}

function refused(reason: string): VouchError {
  return new VouchError("protocol_error", reason);
}
