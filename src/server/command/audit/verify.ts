import { count } from "../../../base/count.ts";
import { VouchError } from "../../../base/errors.ts";
import { initialized } from "../../initialize.ts";
import type { Link } from "../../audit/entry.ts";
import { type Verdict, verifyAudit } from "../../audit/verify.ts";
import { databaseArg, withStore } from "../database.ts";
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
      const kids = args.kid === undefined ? (await store.signingKeys.all()).map(({ kid }) => kid) : [args.kid];
      return await verifyAudit(store, { issuer: (await initialized(store)).url, kids, known });
    });
    if (args.json) printJson({ ...verdict, newest: verdict.newest ?? null, isWhole: verdict.problems.length === 0 });
    else print(toText(verdict));
    return verdict.problems.length === 0 ? 0 : 1;
  },
});

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
