import { printable } from "../../../base/words/printable.ts";
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import type { Attestation } from "../../configuration/attestation.ts";
import { isUrl, readMetadata } from "../../policy/metadata-source.ts";
import { AttestationPolicy } from "../../policy/policy.ts";
import type { PolicyRules } from "../../policy/judgement.ts";
import { rulesText } from "../../policy/words.ts";
import type { Metadata } from "../../policy/metadata.ts";
import type { FoundCredential } from "../../store/people/credentials.ts";
import type { Store } from "../../store/store.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { attestationArgs, attestationFor, rulesJson } from "./policy.ts";

const pageSize = 500;

export const check = defineServerCommand({
  meta: { name: "check", description: "Show whom the policy of the settings would lock out, and change nothing." },
  teaching: {
    details: [
      "It judges every enrolled key of the people who are not disabled as a login would with --attestation-apply all: by what the key brought when it was enrolled. So try a stricter policy here before you set it. It ends with 1 if somebody would be left without a key.",
      "Metadata of a file are read anew; those of a URL are those that the server has, or, before it has any of this URL, downloaded.",
    ],
    examples: [
      [
        "vouch server attestation check --attestation certified --attestation-metadata blob.jwt",
        "Whom would certified models only lock out?",
      ],
      ["vouch server attestation check --json", "For a script."],
    ],
  },
  args: { ...databaseArg, ...attestationArgs, json: { type: "boolean", description: "Print one JSON object." } },
  async run({ args }) {
    const attestation = attestationFor(args);
    return await withStore(args, false, async (store) => {
      const policy = new AttestationPolicy(attestation.rules, currentTime);
      policy.use(await metadataFor(attestation, store));
      const report = await judgeAll(store, policy);
      if (args.json) printJson({ policy: rulesJson(attestation.rules), ...report });
      else printReport(report, attestation.rules);
      return report.lockedOut.length === 0 ? 0 : 1;
    });
  },
});

async function metadataFor({ source }: Attestation, store: Store): Promise<Metadata | undefined> {
  const kept = await store.attestationMetadata.load();
  if (source === undefined || (isUrl(source.location) && kept?.source === source.location)) return kept;
  return await readMetadata(source, currentTime());
}

interface RefusedKey {
  email: string;
  id: string;
  name: string;
  model: string;
  aaguid: string;
  lastUsedAt: number | null;
  reason: string;
}

interface Report {
  people: number;
  keys: number;
  /** Keys whose model is proved. */
  proved: number;
  refused: RefusedKey[];
  /** E-mail addresses of people who have no other key. */
  lockedOut: string[];
}

/** Reads key by key: a database of any size needs memory only for those that are refused. */
async function judgeAll(store: Store, policy: AttestationPolicy): Promise<Report> {
  const taken = new Map<string, boolean>();
  const report: Report = { people: 0, keys: 0, proved: 0, refused: [], lockedOut: [] };
  for (let after = ""; ;) {
    const page = await store.credentials.page(after, pageSize);
    for (const found of page) {
      const { credential, user, attestation } = found;
      if (user.disabled) continue;
      const { proof, refusal } = policy.judgeAsNew({ ...credential, attestation });
      report.keys++;
      if (proof !== undefined) report.proved++;
      if (refusal !== undefined) report.refused.push(toRefused(found, refusal));
      taken.set(user.email, (taken.get(user.email) ?? false) || refusal === undefined);
    }
    if (page.length < pageSize) break;
    after = page.at(-1)!.credential.id;
  }
  report.people = taken.size;
  report.refused.sort((one, other) => one.email.localeCompare(other.email) || one.name.localeCompare(other.name));
  report.lockedOut = [...taken].flatMap(([email, hasKey]) => (hasKey ? [] : [email])).toSorted();
  return report;
}

function toRefused({ credential, user }: FoundCredential, reason: string): RefusedKey {
  const { id, name, aaguid, product, lastUsedAt } = credential;
  const model = credential.proof?.model ?? describeKey(aaguid, product);
  return { email: user.email, id, name, model, aaguid, lastUsedAt: lastUsedAt ?? null, reason };
}

function printReport({ people, keys, proved, refused, lockedOut }: Report, rules: PolicyRules): void {
  const isLockedOut = new Set(lockedOut);
  print(`policy: ${rulesText(rules)}`);
  for (const { email, name, id, reason } of refused) {
    const only = isLockedOut.has(email) ? "  NO OTHER KEY" : "";
    print(`${printable(email)}  ${printable(name)} ${id.slice(0, 12)}…  ${reason}${only}`);
  }
  print(`${keys} keys of ${people} people: ${proved} proved, ${refused.length} refused.`);
  if (lockedOut.length > 0)
    print(
      `${lockedOut.length} people would have no key left: ${lockedOut.slice(0, 20).join(", ")}${lockedOut.length > 20 ? ", …" : ""}`,
    );
  if (rules.applyTo === "new" && refused.length > 0)
    print("As it is set, these keys stay good: --attestation-apply all would refuse them at each login.");
}
