/** `vouch log`: who asked the agent for what. */
import { setTimeout as sleep } from "node:timers/promises";
import { type RecordEntry, type Reply, routes } from "../../../agent/protocol.ts";
import { askAgent, askStatus } from "../../../agent/wire/client.ts";
import { printableJson } from "../../../base/printable.ts";
import { defineCommand } from "../../framework/command.ts";
import { table } from "../../terminal/table.ts";
import { bold, note, print } from "../../terminal/terminal.ts";
import { clockTime } from "../../terminal/time.ts";
import { parseSince } from "./since.ts";

/** How often `--follow` asks, in milliseconds. */
const followMs = 1_000;

export const log = defineCommand({
  meta: { name: "log", description: "Show which programs have asked for tokens, and for what." },
  args: {
    since: {
      type: "string",
      valueHint: "TIME",
      description: "From then on: a while ago (30m, 2h, 1d) or a time (2026-11-28T09:00).",
    },
    follow: { type: "boolean", description: "Go on showing what is asked, until Ctrl-C." },
    json: { type: "boolean", description: "Print one JSON object a line; times are seconds since 1970." },
  },
  teaching: {
    details: [
      "For each question: when it was asked first and last and how often, what it was and for which endpoint, what came of it, and the process that asked with those above it, as the system names them. What Cargo says that it publishes is its own claim. The agent remembers the last thousand in memory; they go with the agent, and no token is in them.",
      "A line that you cannot explain is worth a look: a program that is none of your package managers, a read in the night, a touch that you did not give.",
    ],
    examples: [
      ["vouch log", "Everything since the agent was started."],
      ["vouch log --since 2h", "The last two hours."],
      ["vouch log --follow --json", "For a program that watches."],
    ],
  },
  async run({ args }) {
    const now = Date.now() / 1000;
    let since = args.since === undefined ? undefined : parseSince(args.since, now);
    if ((await askStatus()) === undefined) return note("No agent is running, so nothing has been asked.");
    const shown = new Map<string, number>();
    for (let isFirst = true; isFirst || args.follow; isFirst = false) {
      if (!isFirst) await sleep(followMs);
      const { entries: all, leftOut } = await read(since);
      const entries = all.filter((entry) => shown.get(keyOf(entry)) !== entry.count);
      show(entries, args.json === true, isFirst);
      if (isFirst && entries.length === 0 && !args.json) note("Nothing has been asked.");
      if (isFirst && leftOut > 0) note(`${leftOut} older lines are left out: the agent keeps the last thousand.`);
      for (const entry of entries) shown.set(keyOf(entry), entry.count);
      since = Math.max(since ?? 0, ...entries.map(({ last }) => last));
    }
  },
});

async function read(since: number | undefined): Promise<Reply<typeof routes.record>> {
  return askAgent(routes.record, since === undefined ? {} : { since });
}

function keyOf({ first, operation, target, outcome, askers }: RecordEntry): string {
  return JSON.stringify([first, operation, target, outcome, askers[0]?.name, askers[0]?.executable, askers[1]?.pid]);
}

function show(entries: readonly RecordEntry[], json: boolean, withHead: boolean): void {
  if (json) for (const entry of entries) print(printableJson(entry));
  else for (const line of recordLines(entries, Date.now() / 1000, withHead)) print(line);
}

/** Returns the lines of the table; `now` in seconds since 1970. */
export function recordLines(entries: readonly RecordEntry[], now: number, withHead = true): string[] {
  if (entries.length === 0) return [];
  const [head = "", ...rows] = table([
    ["LAST", "TIMES", "WHAT", "WHERE", "OUTCOME", "WHO"],
    ...entries.map(({ last, count, operation, target, claims, outcome, askers }) => [
      clockTime(last, now),
      String(count),
      [operation, claims.join(", ")].join(" ").trim(),
      target ?? "",
      outcome,
      whoOf(askers),
    ]),
  ]);
  return withHead ? [bold(head), ...rows] : rows;
}

/** The asker and those above it; a helper of Vouch is named by what has started it. */
function whoOf(askers: RecordEntry["askers"]): string {
  return askers.length === 0 ? "unknown" : askers.map(({ name, pid }) => `${name} (${pid})`).join(" ← ");
}
