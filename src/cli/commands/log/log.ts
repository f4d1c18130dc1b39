/** `vouch log`: who asked the agent for what. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RecordEntry } from "../../../agent/wire/reply-parts.ts";
import { printableJson } from "../../../base/words/printable.ts";
import { hasReader } from "../../../base/system/reader.ts";
import { defineCommand } from "../../framework/command.ts";
import { bold, note, print, warn } from "../../terminal/terminal.ts";
import { outputWidth } from "../../terminal/width.ts";
import { recordLines } from "./columns.ts";
import { type Look, MergedRecord } from "./merged.ts";
import { parseSince } from "./since.ts";

/** How often `--follow` looks, in milliseconds. */
const followMs = 1_000;
const stdout = 1;

export const log = defineCommand({
  meta: { name: "log", description: "Show which programs have asked for tokens, and for what." },
  args: {
    since: {
      type: "string",
      valueHint: "TIME",
      description: "From then on: a while ago (30m, 2h, 1d) or a time (2026-11-28T09:00).",
    },
    follow: {
      type: "boolean",
      description: "Go on showing what is asked, until Ctrl-C; an entry that has grown is shown again.",
    },
    json: { type: "boolean", description: "Print one JSON object a line; first and last are seconds since 1970." },
  },
  teaching: {
    details: [
      "For each question: when it was asked last and how often, what it was and for which endpoint, what came of it, and the process that asked with those above it, as the system names them. What Cargo says that it publishes is its own claim. A step that only begins something, such as `keys add start`, is `begun`.",
      "The agent remembers the last thousand of each kind (changes, answers that can publish, others, refusals) in its memory: they go with the agent and with `vouch logout`, which empties it. `vouch setup log --keep yes` has it write them into files as well, which are read here too. No token is in them.",
      "A line that you cannot explain is worth a look: a program that is none of your package managers, a read in the night, a touch that you did not give.",
    ],
    examples: [
      ["vouch log", "Everything that is remembered or kept."],
      ["vouch log --since 2h", "The last two hours."],
      ["vouch log --follow --json", "For a program that watches."],
    ],
  },
  async run({ args }) {
    const since = args.since === undefined ? undefined : parseSince(args.since, Date.now() / 1000);
    const record = new MergedRecord(since);
    const printing = { json: args.json === true, follow: args.follow === true };
    const first = await record.look();
    show(first.entries, printing, true);
    for (const sentence of first.missing) warn(sentence);
    sayWhy(first, printing);
    for (let before = first; args.follow && hasReader(stdout);) {
      await sleep(followMs);
      const look = await record.look();
      show(look.entries, printing, false);
      if (before.isAgentRunning && !look.isAgentRunning) note(agentEnded);
      for (const sentence of look.missing) if (!before.missing.includes(sentence)) warn(sentence);
      before = look;
    }
  },
});

const agentEnded = "The agent has ended. What another one is asked, once `vouch login` has started it, will be shown.";

/** Says why there is nothing, or not yet. */
function sayWhy({ entries, isAgentRunning }: Look, { follow }: Printing): void {
  if (!isAgentRunning && follow) note("No agent is running: waiting for one, which `vouch login` starts. Ctrl-C ends.");
  else if (!isAgentRunning && entries.length === 0) note("No agent is running, so nothing has been asked.");
  else if (entries.length === 0 && !follow) note("Nothing has been asked.");
}

interface Printing {
  json: boolean;
  follow: boolean;
}

function show(entries: readonly RecordEntry[], { json, follow }: Printing, isFirst: boolean): void {
  if (json) return entries.forEach((entry) => print(printableJson(entry)));
  const isHeadShown = isFirst && (follow || entries.length > 0);
  const [head, ...lines] = recordLines(entries, Date.now() / 1000, { width: outputWidth(), follow });
  for (const line of isHeadShown ? [bold(head), ...lines] : lines) print(line);
}
