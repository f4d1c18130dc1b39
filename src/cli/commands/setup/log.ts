/** `vouch setup log`: whether the record of who asked is kept in files, and with the askers' arguments. */
import { dirname, join } from "node:path";
import { askStatus, lstat } from "../../../agent/wire/client.ts";
import { agentLogPath } from "../../../agent/wire/log-path.ts";
import { loadSettings, recordSettings, saveSettings, type Settings } from "../../../settings/settings.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, print, printJson, success, warn } from "../../terminal/terminal.ts";
import { otherSettings } from "./agent-settings.ts";
import { printSettingsChange } from "./print-change.ts";

const yesOrNo = ["yes", "no"] as const;

export const setupLog = defineCommand({
  meta: { name: "log", description: "Choose whether the agent keeps in files who has asked it, and how much of it." },
  args: {
    keep: {
      type: "enum",
      options: [...yesOrNo],
      description: "Write what `vouch log` shows into files, too, which outlive the agent and `vouch logout`.",
    },
    arguments: {
      type: "enum",
      options: [...yesOrNo],
      description: "Record the arguments of the processes that ask and of those above them, masked (Linux).",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is set now, or would be, as JSON." },
  },
  teaching: {
    details: [
      "Without flags it says what is set. By default the record is in the agent's memory only, without arguments, and `vouch logout` empties it.",
      "With `--keep yes` the agent writes changed.jsonl, published.jsonl, asked.jsonl, refused.jsonl and guests.jsonl beside its log, for your eyes only (mode 0600), at most four mebibytes each and one predecessor (`.1`) of each. No token, password, header or query is in them. Delete them whenever you like.",
      "With `--arguments yes` names of known programs, their subcommands and names of flags are recorded as they are; every other word is written as ***, above all values of flags. A running agent follows both settings at once.",
    ],
    examples: [
      ["vouch setup log", "See what is set, and where the files are."],
      ["vouch setup log --keep yes", "From now on, keep who asked."],
      ["vouch setup log --keep yes --arguments yes --dry-run", "See what that would change."],
    ],
  },
  async run({ args }) {
    const settings = loadSettings();
    const before = recordSettings(settings);
    const next = {
      keep: args.keep === undefined ? before.keep : args.keep === "yes",
      arguments: args.arguments === undefined ? before.arguments : args.arguments === "yes",
    };
    const after = withRecord(settings, next);
    const isDryRun = args["dry-run"] === true;
    const isAsked = args.keep !== undefined || args.arguments !== undefined;
    if (isAsked && !isDryRun && !Bun.deepEquals(before, next)) saveSettings(after);
    const folder = stateFolder();
    if (args.json) return printJson({ ...(isDryRun ? { dryRun: true } : {}), ...next, folder: folder ?? null });
    const sentences = describe(next, folder, isDryRun && isAsked ? "would be" : "is");
    if (!isAsked) return sentences.forEach((sentence) => print(sentence));
    if (isDryRun) sentences.forEach((sentence) => note(sentence));
    else sentences.forEach((sentence) => success(sentence));
    if (next.keep && folder === undefined)
      warn("Neither XDG_STATE_HOME nor HOME names a folder of yours: nothing can be kept.");
    if (isDryRun) return printSettingsChange(settings, after);
    const other = otherSettings(await askStatus());
    if (other) warn(`${other.found} To have it read these: ${other.remedy}.`);
    if (before.keep && !next.keep && folder !== undefined) {
      note(
        `What is kept already stays in ${folder}: changed.jsonl, published.jsonl, asked.jsonl, refused.jsonl and guests.jsonl; delete them if you like.`,
      );
    }
    note("Next: `vouch log` shows who has asked.");
  },
});

/** What is set as by default stands in no file. */
function withRecord(settings: Settings, { keep, arguments: words }: ReturnType<typeof recordSettings>): Settings {
  const { log: before, ...others } = settings;
  if (!keep && !words) return before === undefined ? settings : others;
  return { ...others, log: { ...(keep ? { keep } : {}), ...(words ? { arguments: words } : {}) } };
}

function stateFolder(): string | undefined {
  const path = agentLogPath(lstat);
  return path === undefined ? undefined : dirname(path);
}

function describe(
  { keep, arguments: words }: ReturnType<typeof recordSettings>,
  folder: string | undefined,
  is: string,
): string[] {
  const where =
    folder === undefined
      ? ""
      : ` (${join(folder, "changed.jsonl")}, published.jsonl, asked.jsonl, refused.jsonl and guests.jsonl)`;
  return [
    keep ? `Who asks ${is} kept in files${where}.` : `Who asks ${is} in the agent's memory only.`,
    `The arguments of those who ask ${is === "is" ? "are" : is} ${words ? "recorded, masked" : "not recorded"}.`,
  ];
}
