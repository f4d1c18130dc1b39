/** The policy of a running server: its rules with the metadata that it has now. */
import * as v from "valibot";
import { parseJson } from "../../base/json.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { judge, type Judgement, type PolicyRules } from "./judgement.ts";
import { type Metadata, MetadataIndex } from "./metadata.ts";

/** What is kept of a registration: its format and its certificates, the signer's first. */
export interface KeptAttestation {
  format: string;
  chain: readonly Certificate[];
}

/** A key as the policy judges it when it is enrolled already. */
interface EnrolledKey {
  aaguid: string;
  /** As `writeAttestation` wrote it. */
  attestation?: string | undefined;
  backupEligible: boolean;
  createdAt: number;
}

/** Everybody's keys are taken: no attestation is demanded. */
export const noRules: PolicyRules = {
  demand: "none",
  applyTo: "new",
  certified: "FIDO_CERTIFIED_L1",
  roots: [],
  allow: new Set(),
  deny: new Set(),
};

export class AttestationPolicy {
  readonly rules: PolicyRules;
  readonly #now: () => number;
  #metadata: MetadataIndex | undefined;

  /** `now` gives seconds since 1970. */
  constructor(rules: PolicyRules, now: () => number) {
    this.rules = rules;
    this.#now = now;
  }

  get metadata(): Metadata | undefined {
    return this.#metadata?.metadata;
  }

  /** From now on the policy judges by these. */
  use(metadata: Metadata | undefined): void {
    this.#metadata = metadata && new MetadataIndex(metadata);
  }

  /** Judges the registration of a new key. */
  judgeNew(
    { aaguid, backupEligible }: Omit<EnrolledKey, "attestation" | "createdAt">,
    { chain }: KeptAttestation,
  ): Judgement {
    const now = this.#now();
    const evidence = { aaguid, chain, backupEligible, isKept: true, registeredAt: now };
    return judge(evidence, this.rules, this.#metadata, now);
  }

  /** Judges a key that is enrolled; what the rules say of new keys alone is no reason to refuse it. */
  judgeEnrolled(key: EnrolledKey): Judgement {
    const judgement = this.judgeAsNew(key);
    return this.rules.applyTo === "all" ? judgement : { ...judgement, refusal: undefined };
  }

  /** Judges an enrolled key as if it were to be enrolled now, with what it brought then. */
  judgeAsNew({ aaguid, attestation, backupEligible, createdAt }: EnrolledKey): Judgement {
    const kept = readAttestation(attestation);
    const isKept = kept !== undefined;
    const evidence = { aaguid, chain: kept?.chain ?? [], backupEligible, isKept, registeredAt: createdAt };
    return judge(evidence, this.rules, this.#metadata, this.#now());
  }
}

const Kept = v.object({ format: v.string(), x5c: v.array(v.string()) });

/** The column `attestation` of a credential. */
export function writeAttestation({ format, chain }: KeptAttestation): string {
  return JSON.stringify({ format, x5c: chain.map(({ der }) => Buffer.from(der).toString("base64")) });
}

/** Undefined for a key of which nothing is kept, or that cannot be read. */
function readAttestation(text: string | undefined): KeptAttestation | undefined {
  const parsed = v.safeParse(Kept, text === undefined ? undefined : parseJson(text));
  if (!parsed.success) return undefined;
  const { format, x5c } = parsed.output;
  try {
    return { format, chain: x5c.map((der) => readCertificate(new Uint8Array(Buffer.from(der, "base64")))) };
  } catch {
    return undefined;
  }
}
