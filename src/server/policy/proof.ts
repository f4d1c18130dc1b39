/** By what the model of a security key is proved, as its record keeps it. */
import * as v from "valibot";
import { parseJson } from "../../base/json.ts";

const ProofSchema = v.object({
  /** Metadata of the FIDO Alliance, or a root that the operator named. */
  by: v.picklist(["metadata", "root"]),
  model: v.string(),
  /** Undefined for a U2F key, which has none. */
  aaguid: v.optional(v.string()),
  /** Whether the key keeps its credentials in hardware. */
  hardware: v.boolean(),
  /** Certifications of the model. */
  certified: v.optional(v.array(v.string()), []),
});

export type Proof = v.InferOutput<typeof ProofSchema>;

/** Reads the column `proof` of a credential; undefined if its model is a claim. */
export function readProof(text: unknown): Proof | undefined {
  const parsed = v.safeParse(ProofSchema, typeof text === "string" ? parseJson(text) : undefined);
  return parsed.success ? parsed.output : undefined;
}

/** What the column `proof` of a credential has. */
export function writeProof(proof: Proof | undefined): string | null {
  return proof === undefined ? null : JSON.stringify(proof);
}
