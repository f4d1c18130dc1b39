/** Judges a security key by its attestation: what is proved about it, and whether the server's policy takes it. */
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { modelOf } from "../../fido/webauthn/authenticator-model.ts";
import type { Certificate } from "./certificate.ts";
import { type Certification, certificationsOf, compromiseOf, isCertified } from "./certification.ts";
import { findAnchor } from "./chain.ts";
import { goodUntil, type MetadataIndex, type Model, noAaguid } from "./metadata.ts";
import type { Proof } from "./proof.ts";

/** What is demanded of security keys. */
export interface PolicyRules {
  /** `certified`: the model is proved by metadata; `roots`: the key is proved by a root that the operator names. */
  demand: "none" | "certified" | "roots";
  /** Whether keys that are enrolled already must meet it, at each login. */
  applyTo: "new" | "all";
  /** What a certified model must have. */
  certified: Certification;
  roots: readonly Certificate[];
  /** AAGUIDs; empty: every one. */
  allow: ReadonlySet<string>;
  deny: ReadonlySet<string>;
}

/** What a registration brought. */
export interface Evidence {
  aaguid: string;
  /** The signer's certificate first; none for no attestation and for self attestation. Its signature is verified. */
  chain: readonly Certificate[];
  /** Whether the credential can be copied: then no hardware holds it. */
  backupEligible: boolean;
  /** Whether it is known what the registration brought; it is not kept of keys that are older than that. */
  isKept: boolean;
  /** When the registration was: the time at which its certificates must be valid, in seconds since 1970. */
  registeredAt: number;
}

export interface Judgement {
  proof: Proof | undefined;
  /** Why the policy does not take the key, as the end of a sentence; undefined if it does. */
  refusal: string | undefined;
}

/** `now` in seconds since 1970. */
export function judge(
  evidence: Evidence,
  rules: PolicyRules,
  metadata: MetadataIndex | undefined,
  now: number,
): Judgement {
  const model = metadata?.find(evidence.aaguid, evidence.chain);
  const byMetadata = attempt(() => proveByMetadata(evidence, metadata, model, now));
  const byRoot = attempt(() => proveByRoot(evidence, rules.roots, model, now));
  // A report may be about the root, which a key does not send.
  const anchors = [byMetadata.anchor, byRoot.anchor].filter((anchor) => anchor !== undefined);
  const compromise = model && compromiseOf(model.reports, [...evidence.chain, ...anchors]);
  const proof = byMetadata.proof ?? byRoot.proof;
  const refusal =
    refusalByModel(evidence.aaguid, compromise, rules.deny) ??
    refusalByDemand(rules, { metadata, byMetadata, byRoot }, now) ??
    refusalByList(evidence.aaguid, rules);
  // What is said about a compromised model proves nothing.
  return { proof: compromise === undefined ? proof : undefined, refusal };
}

interface Proved {
  proof: Proof;
  anchor: Certificate;
}

type Attempt = (Proved & { reason?: undefined }) | { proof?: undefined; anchor?: undefined; reason: string };

function refusalByModel(aaguid: string, compromise: string | undefined, deny: ReadonlySet<string>): string | undefined {
  if (deny.has(aaguid)) return `its model (AAGUID ${aaguid}) is one that this server does not take`;
  return compromise && `the FIDO metadata say ${compromise} of its model (AAGUID ${aaguid})`;
}

function refusalByDemand(
  { demand, certified }: PolicyRules,
  { metadata, byMetadata, byRoot }: { metadata: MetadataIndex | undefined; byMetadata: Attempt; byRoot: Attempt },
  now: number,
): string | undefined {
  if (demand === "none") return undefined;
  if (demand === "roots") return byRoot.proof ? undefined : `its model is not proved: ${byRoot.reason}`;
  if (metadata === undefined) return "its model is not proved: the server has no FIDO metadata yet";
  if (!byMetadata.proof) return `its model is not proved: ${byMetadata.reason}`;
  if (!isCertified(byMetadata.proof.certified, certified)) return `its model is not certified as ${certified}`;
  const { nextUpdate } = metadata.metadata;
  return now < goodUntil({ nextUpdate })
    ? undefined
    : `the server's FIDO metadata were to be replaced by ${nextUpdate}`;
}

function refusalByList(aaguid: string, { allow, demand }: PolicyRules): string | undefined {
  if (demand === "none" || allow.size === 0 || allow.has(aaguid)) return undefined;
  return `its model (AAGUID ${aaguid}) is not among those that this server takes`;
}

function attempt(prove: () => Proved): Attempt {
  try {
    return prove();
  } catch (error) {
    if (error instanceof VouchError) return { reason: error.message };
    throw error;
  }
}

function proveByMetadata(
  evidence: Evidence,
  metadata: MetadataIndex | undefined,
  model: Model | undefined,
  now: number,
): Proved {
  expectAttestation(evidence);
  if (metadata === undefined || model === undefined) throw unproved("the FIDO metadata do not know it");
  const roots = metadata.roots(model);
  if (roots.length === 0) throw unproved("its model has self attestation only, which proves nothing");
  const { anchor } = findAnchor(evidence.chain, roots, evidence.registeredAt);
  const proof: Proof = {
    by: "metadata",
    model: model.description,
    ...aaguidOf(evidence),
    hardware: model.isHardware && !evidence.backupEligible,
    certified: certificationsOf(model.reports, now),
  };
  return { proof, anchor };
}

function proveByRoot(evidence: Evidence, roots: readonly Certificate[], model: Model | undefined, now: number): Proved {
  expectAttestation(evidence);
  const { anchor } = findAnchor(evidence.chain, roots, evidence.registeredAt);
  const name = evidence.chain[0]!.subject.get("CN") ?? "security key";
  const proof: Proof = {
    by: "root",
    model: modelOf(evidence.aaguid) ?? Array.from(printable(name)).slice(0, 64).join(""),
    ...aaguidOf(evidence),
    // Who names a vendor's root says so of its keys, unless metadata know better.
    hardware: (model?.isHardware ?? true) && !evidence.backupEligible,
    certified: model === undefined ? [] : certificationsOf(model.reports, now),
  };
  return { proof, anchor };
}

function expectAttestation({ chain, isKept }: Evidence): void {
  if (!isKept) throw unproved("it was enrolled before this server kept attestations");
  if (chain.length === 0) throw unproved("it has no attestation by its vendor");
}

function aaguidOf({ aaguid }: Evidence): { aaguid?: string } {
  return aaguid === noAaguid ? {} : { aaguid };
}

function unproved(reason: string): VouchError {
  return new VouchError("protocol_error", reason);
}
