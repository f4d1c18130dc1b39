/** What the FIDO Metadata Service says about models (FIDO Metadata Service 3, 3.1), as it is kept in the database. */
import * as v from "valibot";
import { type Certificate, readCertificate } from "./certificate.ts";

export const Uuid = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "expected a UUID"));
export const DateText = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/, "expected a date"));
const Base64 = v.pipe(v.string(), v.maxLength(16_384), v.regex(/^[A-Za-z0-9+/\s]+={0,2}\s*$/, "expected base64"));

const Report = v.object({
  status: v.pipe(v.string(), v.maxLength(64)),
  effectiveDate: v.optional(DateText),
  /** The certificate that it is about, base64 of DER; without one it is about the model. */
  certificate: v.optional(Base64),
});

const Model = v.object({
  /** Of a FIDO2 key. */
  aaguid: v.optional(Uuid),
  /** Of the attestation certificates of a U2F key: SHA-1 of the public key, in hexadecimal. */
  keyIdentifiers: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/))), v.maxLength(100)),
  description: v.pipe(v.string(), v.maxLength(200)),
  /** Trust anchors, base64 of DER. */
  roots: v.pipe(v.array(Base64), v.maxLength(100)),
  /** Whether it keeps its keys in hardware that does not give them out. */
  isHardware: v.boolean(),
  reports: v.pipe(v.array(Report), v.maxLength(200)),
});

export const MetadataSchema = v.object({
  /** Grows with every issue. */
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  nextUpdate: DateText,
  /** SHA-256 of the root that it leads to, in hexadecimal: numbers of two roots have nothing to do with each other. */
  root: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** Where it came from: a URL or a path. */
  source: v.string(),
  /** When it was last seen there; seconds since 1970. */
  readAt: v.number(),
  models: v.pipe(v.array(Model), v.maxLength(20_000)),
  /** Entries that are not about FIDO2 or U2F, or are malformed: their models are not known. */
  skipped: v.number(),
});

export type StatusReport = v.InferOutput<typeof Report>;
export type Model = v.InferOutput<typeof Model>;
export type Metadata = v.InferOutput<typeof MetadataSchema>;

export { Model as ModelSchema };

/** AAGUID of U2F keys, which have none. */
export const noAaguid = "00000000-0000-0000-0000-000000000000";

/** Days for which metadata are good after the day on which the next issue was due. */
const graceDays = 7;

/** Until when the metadata are good, in seconds since 1970: so many days after the next issue was due. */
export function goodUntil({ nextUpdate }: Pick<Metadata, "nextUpdate">): number {
  return Date.parse(`${nextUpdate}T00:00:00Z`) / 1000 + (graceDays + 1) * 24 * 3600;
}

/** Whether the next issue is due at this time (seconds since 1970). */
export function isDue({ nextUpdate }: Pick<Metadata, "nextUpdate">, now: number): boolean {
  return now >= Date.parse(`${nextUpdate}T00:00:00Z`) / 1000;
}

/** Finds models in metadata. */
export class MetadataIndex {
  readonly metadata: Metadata;
  readonly #byAaguid = new Map<string, Model>();
  readonly #byKeyIdentifier = new Map<string, Model>();
  readonly #roots = new Map<Model, Certificate[]>();

  constructor(metadata: Metadata) {
    this.metadata = metadata;
    for (const model of metadata.models) {
      if (model.aaguid !== undefined) this.#byAaguid.set(model.aaguid, model);
      for (const identifier of model.keyIdentifiers) this.#byKeyIdentifier.set(identifier, model);
    }
  }

  /** The model with this AAGUID; of a key without one, that of its certificate. */
  find(aaguid: string, chain: readonly Certificate[]): Model | undefined {
    if (aaguid !== noAaguid) return this.#byAaguid.get(aaguid);
    return chain.map(({ keyIdentifier }) => this.#byKeyIdentifier.get(keyIdentifier)).find((model) => model);
  }

  /** The trust anchors of a model; those that are malformed are left out. */
  roots(model: Model): readonly Certificate[] {
    const known = this.#roots.get(model);
    if (known !== undefined) return known;
    const roots = model.roots.flatMap((text) => {
      try {
        return [readCertificate(new Uint8Array(Buffer.from(text, "base64")))];
      } catch {
        return [];
      }
    });
    this.#roots.set(model, roots);
    return roots;
  }
}
