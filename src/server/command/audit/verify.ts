import { count } from "../../../base/words/count.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../../base/errors.ts";
import { initialized } from "../../initialize.ts";
import type { Link } from "../../audit/entry.ts";
import { type Verdict, verifyAudit } from "../../audit/verify.ts";
import { endOfTime } from "../../store/audit.ts";
import type { Store } from "../../store/store.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { date } from "../date.ts";

export const verify = defineServerCommand({
  meta: { name: "verify", description: "Look whether anything in the audit log was changed, removed or inserted." },
  teaching: {
    details: [
      "It computes every hash again, and compares the chains with what the checkpoints have, which the server's signing key signed. Exit code 1 if anything is broken; the first broken entry of each chain is named.",
      "Whoever can write to the database can cut off its end, with the checkpoints that it has. Name a checkpoint that you have from elsewhere, as the lines of `vouch server run --audit-log` have it, with --checkpoint; and the key that signs, as you know it, with --kid.",
    ],
    examples: [
      ["vouch server audit verify", "Verify everything."],
      [
        "vouch server audit verify --checkpoint 812:Jx2mbBYTnT0h2hEAOJBXQcmYo3iUuEw_zDnkkzdY8oQ",
        "Also that this checkpoint is still in it.",
      ],
    ],
  },
  args: {
    ...databaseArg,
    checkpoint: {
      type: "string",
      description: "Number and hash of a checkpoint that must be there.",
      valueHint: "NUMBER:HASH",
    },
    kid: {
      type: "string",
      description: "The signing key that the newest checkpoint must be signed by. Default: any that is in the JWKS.",
      valueHint: "KID",
    },
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const known = parseCheckpoint(args.checkpoint);
    const verdict = await withStore(args, false, async (store) => {
      const { url: issuer } = await initialized(store);
      const verified = async () => {
        const kids = args.kid === undefined ? (await store.signingKeys.all()).map(({ kid }) => kid) : [args.kid];
        return await verifyAudit(store, { issuer, kids, known });
      };
      const deadline = performance.now() + checkpointPatienceMs;
      for (;;) {
        const found = await verified();
        const isDue = found.isSignerGone && args.kid === undefined && (await hasJustLeft(store, found.newest!.kid));
        if (!isDue || performance.now() > deadline) return found;
        await sleep(retryMs);
      }
    });
    const { newest, problems, isSignerGone: _, ...numbers } = verdict;
    const isWhole = problems.length === 0;
    if (args.json) printJson({ ...numbers, newest: newest ?? null, problems, isWhole });
    else print(toText(verdict));
    return isWhole ? 0 : 1;
  },
});

/** How long a server's next checkpoint is waited for: after a change of keys it makes one within fifteen seconds. */
const checkpointPatienceMs = 30_000;
const retryMs = 500;
/** A key that left longer ago has no checkpoint on its way. */
const justSeconds = 60;

/** Whether the audit log has it that this key was taken out of the JWKS a moment ago. */
async function hasJustLeft(store: Store, kid: string): Promise<boolean> {
  const since = (await store.time(currentTime())) - justSeconds;
  const recent = await store.audit.page({ time: since, chain: "", number: 0 }, endOfTime, maxRecent);
  return recent.some(({ event, detail }) => event === "signing_key_retired" && detail["kid"] === kid);
}

/** Entries of that time that are looked at. */
const maxRecent = 10_000;

function parseCheckpoint(text: string | undefined): Link | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,15}):([\w-]{43})$/.exec(text);
  if (match) return { number: Number(match[1]), hash: match[2]! };
  throw new VouchError("usage", `Expected --checkpoint NUMBER:HASH, got ${JSON.stringify(text.slice(0, 64))}.`, {
    hint: 'Both are in a line with "event":"checkpoint" that `vouch server run --audit-log` wrote.',
  });
}

function toText({ chains, entries, checkpoints, open, newest, problems }: Verdict): string {
  const seen = `${count(entries, "entry", "entries")} in ${count(chains, "chain")}, ${count(checkpoints, "checkpoint")}`;
  if (problems.length > 0) {
    const lines = problems.map(({ chain, number, what }) => `   ${chain} ${number}: ${what}`);
    return `The audit log is broken (${seen}). The first broken entry of each chain:\n\n${lines.join("\n")}\n\nCompare them with a backup, or with the lines that \`vouch server run --audit-log\` wrote.`;
  }
  const end =
    newest === undefined
      ? "There is no checkpoint yet: a running server makes one within five minutes."
      : `The newest is ${newest.number}:${newest.hash}\nof ${date(newest.time)}, signed by ${newest.kid}.\n${open === 1 ? "One entry is newer: no checkpoint has it" : `${open} entries are newer: no checkpoint has them`} yet.`;
  return `The audit log is whole: ${seen}.\n${end}`;
}
