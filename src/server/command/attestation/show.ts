import { compromiseOf } from "../../policy/certification.ts";
import { goodUntil, type Metadata } from "../../policy/metadata.ts";
import { rulesText } from "../../policy/words.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { date } from "../date.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { attestationArgs, attestationFor, rulesJson } from "./policy.ts";

export const show = defineServerCommand({
  meta: { name: "show", description: "Show the policy of the settings, and the FIDO metadata that the server has." },
  teaching: {
    examples: [["vouch server attestation show --config /etc/vouch/server.toml", "The policy of a file."]],
  },
  args: { ...databaseArg, ...attestationArgs, json: { type: "boolean", description: "Print one JSON object." } },
  async run({ args }) {
    const { rules, source } = attestationFor(args);
    await withStore(args, false, async (store) => {
      const metadata = await store.attestationMetadata.load();
      const now = currentTime();
      if (args.json) {
        const shown = metadata && metadataJson(metadata, now);
        return printJson({ ...rulesJson(rules), source: source?.location ?? null, metadata: shown ?? null });
      }
      print(`keys:      ${rulesText(rules)}`);
      print(`source:    ${source?.location ?? "none: attestation-metadata is not set"}`);
      print(`metadata:  ${metadata === undefined ? "none yet" : metadataText(metadata, now)}`);
    });
  },
});

function metadataJson(metadata: Metadata, now: number): Record<string, unknown> {
  const { number, nextUpdate, readAt, source, root, models, skipped } = metadata;
  return {
    number,
    nextUpdate,
    isOutdated: now >= goodUntil(metadata),
    readAt,
    source,
    root,
    models: models.length,
    compromised: compromisedIn(metadata),
    skipped,
  };
}

function metadataText(metadata: Metadata, now: number): string {
  const { number, nextUpdate, readAt, source, models, skipped } = metadata;
  const days = Math.floor((now - readAt) / (24 * 3600));
  const age = days === 0 ? "today" : `${days} days ago`;
  const state =
    now >= goodUntil(metadata) ? `OUTDATED: the next was due by ${nextUpdate}` : `the next by ${nextUpdate}`;
  const counts = `${models.length} models, ${compromisedIn(metadata)} of them compromised, ${skipped} entries of other kinds`;
  return `number ${number}, ${state}; ${counts}; read on ${date(readAt)} (${age}) from ${source}`;
}

function compromisedIn({ models }: Metadata): number {
  return models.filter(({ reports }) => compromiseOf(reports, []) !== undefined).length;
}
