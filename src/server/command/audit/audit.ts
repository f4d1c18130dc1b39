/** `vouch server audit`: what was recorded, and whether it is whole. */
import { documentationUrl } from "../../../base/words/documentation.ts";
import { VouchError } from "../../../base/errors.ts";
import { printable, printableJson } from "../../../base/words/printable.ts";
import { writeResult } from "../../../base/system/output.ts";
import type { AuditEntry } from "../../audit/entry.ts";
import { detailTexts } from "../../audit/detail-text.ts";
import { auditEvents } from "../../audit/events.ts";
import { parsePoint } from "../../audit/period.ts";
import { type AuditFilter, entries } from "../../audit/search.ts";
import { endOfTime } from "../../store/audit.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print } from "../definition.ts";
import { date } from "../date.ts";
import { verify } from "./verify.ts";

export const audit = defineServerCommand({
  meta: {
    name: "audit",
    description: "Show who did what: logins, tokens, keys, refusals, the command line's changes.",
  },
  teaching: {
    details: [
      `The oldest first; nothing is read that is not shown, so a long log needs no memory. The events: ${documentationUrl("audit.md")}`,
    ],
    examples: [
      ["vouch server audit --since 7d --who dev@example.com", "A person's last week."],
      ["vouch server audit --event refuse --since 24h", "What was refused since yesterday."],
      ["vouch server audit --since 2026-11-01 --until 2026-12-01 --jsonl", "Export a month, one JSON object a line."],
      ["vouch server audit verify", "Look whether anything was changed or removed."],
    ],
  },
  subCommands: { verify },
  args: {
    ...databaseArg,
    since: { type: "string", description: "Begin so long ago (7d, 12h, 90m) or at a date.", valueHint: "TIME" },
    until: { type: "string", description: "End before so long ago, or before a date.", valueHint: "TIME" },
    who: {
      type: "string",
      description: "Only this person (email or id), address, security key (its id) or account of the operating system.",
      valueHint: "WHO",
    },
    event: {
      type: "enum",
      options: Object.keys(auditEvents),
      description: "Only events of this name.",
      valueHint: "NAME",
    },
    json: { type: "boolean", description: "Print one JSON array." },
    jsonl: { type: "boolean", description: "Print one JSON object a line." },
  },
  async run({ args }) {
    const now = currentTime();
    const filter: AuditFilter = {
      since: args.since === undefined ? 0 : parsePoint(args.since, "--since", now),
      until: args.until === undefined ? endOfTime : parsePoint(args.until, "--until", now),
      who: args.who,
      event: args.event,
    };
    if (args.json && args.jsonl) throw new VouchError("usage", "Expected --json or --jsonl, got both.");
    await withStore(args, false, async (store) => {
      let count = 0;
      if (args.json) writeResult("[");
      for await (const entry of entries(store, filter)) {
        if (args.json) writeResult(`${count === 0 ? "" : ","}\n${printableJson(entry)}`);
        else if (args.jsonl) writeResult(`${printableJson(entry)}\n`);
        else print(toText(entry));
        count++;
      }
      if (args.json) writeResult("\n]\n");
      else if (count === 0 && !args.jsonl) print("Nothing was recorded that fits.");
    });
  },
});

/** One line for people; others chose some of its parts. */
function toText(entry: AuditEntry): string {
  const { time, event, email, user, address, by, credential, reason, detail, chain, number } = entry;
  const parts = [
    time >= 0 && time < endOfTime ? date(time) : "(its time is broken)",
    event,
    email ?? user,
    by === null ? null : `by ${by}`,
    address === null ? null : `from ${address}`,
    credential === null ? null : `key ${credential.slice(0, 12)}…`,
    reason,
    ...detailTexts(detail),
    `[${chain} ${number}]`,
  ];
  return parts
    .filter((part) => part !== null)
    .map(printable)
    .join("  ");
}
