/** `vouch setup session`: what ends a session before its time. */
import { noLockHere, whyNot } from "../../../agent/end-on/support.ts";
import { askStatus } from "../../../agent/wire/client.ts";
import { closest } from "../../../base/words/closest.ts";
import { VouchError } from "../../../base/errors.ts";
import { type EndOn, endOns, loadSettings, saveSettings, type Settings } from "../../../settings/settings.ts";
import { endOnWords } from "../end-on.ts";
import { usage } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, print, printJson, success, warn } from "../../terminal/terminal.ts";
import { otherSettings } from "./agent-settings.ts";
import { printSettingsChange } from "./print-change.ts";

const commandName = "vouch setup session";

export const setupSession = defineCommand({
  meta: { name: "session", description: "Choose what ends a session before its eight hours are over." },
  args: {
    "end-on": {
      type: "string",
      valueHint: "lock,suspend,key-removal|none",
      description: "What ends it: the screen locks, the machine sleeps, the security key is taken out.",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is set now, or would be, as JSON." },
  },
  teaching: {
    details: [
      "Without flags it says what is set. By default nothing but time and `vouch logout` ends a session.",
      "The session ends as by `vouch logout`: at once here, with every token and every role's credentials, and at the server, if it is reached. A notification and `vouch log` say why, and so does the next command.",
      "A running agent follows the setting at once; key-removal counts from the next login on, and for the key that logged in. `vouch status` shows what is watched, and why something cannot be. On macOS `lock` cannot be had, and a sleep is noticed when the machine is awake again.",
    ],
    examples: [
      ["vouch setup session", "See what is set."],
      ["vouch setup session --end-on lock,suspend", "No session while you are away from a locked or closed laptop."],
      ["vouch setup session --end-on key-removal", "The session lasts as long as the key is plugged in."],
      ["vouch setup session --end-on none", "Only time and `vouch logout` end it."],
    ],
  },
  async run({ args }) {
    const settings = loadSettings();
    const before = settings.session?.endOn ?? [];
    const endOn = args["end-on"] === undefined ? before : parseEndOn(args["end-on"]);
    const isAsked = args["end-on"] !== undefined;
    const isDryRun = args["dry-run"] === true;
    if (endOn.includes("lock") && isAsked && process.platform === "darwin") {
      throw new VouchError("platform_unsupported", noLockHere, {
        hint: `Run \`${commandName} --end-on ${endOn.filter((on) => on !== "lock").join(",") || "suspend"}\`.`,
      });
    }
    const after = withEndOn(settings, endOn);
    if (!isDryRun && !Bun.deepEquals(before, endOn)) saveSettings(after);
    const limits = await limitsOf(endOn);
    if (args.json) return printJson({ ...(isDryRun ? { dryRun: true } : {}), endOn, limits });
    const sentence = describe(endOn, isDryRun && isAsked ? "would end" : limits.length > 0 ? "is to end" : "ends");
    if (!isAsked) print(sentence);
    else if (isDryRun) note(sentence);
    else success(sentence);
    for (const { why } of limits) warn(why);
    if (!isAsked) return;
    if (isDryRun) return printSettingsChange(settings, after);
    // Asked for its state, a running agent reads the settings.
    const agent = await askStatus();
    const other = otherSettings(agent);
    if (other) warn(`${other.found} To have it read these: ${other.remedy}.`);
    if (agent?.session && endOn.includes("key-removal") && !before.includes("key-removal")) {
      note("The removal of the key counts from the next `vouch login` on.");
    }
  },
});

function parseEndOn(text: string): EndOn[] {
  const words = text.split(",").map((word) => word.trim());
  if (words.length === 1 && words[0] === "none") return [];
  const unknown = words.find((word) => !endOns.some((each) => each === word));
  if (unknown === undefined) return endOns.filter((each) => words.includes(each));
  const meant = closest(unknown, endOns);
  throw usage(
    `--end-on expects ${endOns.join(", ")} (several with commas), or none, got "${unknown}".`,
    commandName,
    meant === undefined ? undefined : `--end-on ${meant}`,
  );
}

/** What is set as by default stands in no file. */
function withEndOn(settings: Settings, endOn: EndOn[]): Settings {
  const { session: before, ...others } = settings;
  if (endOn.length === 0) return before === undefined ? settings : others;
  return { ...others, session: { endOn } };
}

async function limitsOf(endOn: readonly EndOn[]): Promise<{ on: EndOn; why: string }[]> {
  const found = await Promise.all(endOn.map(async (on) => ({ on, why: await whyNot(on, process.env) })));
  return found.flatMap(({ on, why }) => (why === undefined ? [] : { on, why }));
}

function describe(endOn: readonly EndOn[], ends: string): string {
  if (endOn.length === 0) return `A session ${ends} by time and by \`vouch logout\` only.`;
  return `A session ${ends} on ${endOn.map((on) => endOnWords[on]).join(", ")}.`;
}
