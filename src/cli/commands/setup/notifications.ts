/** `vouch setup notifications`: which desktop notifications are shown. */
import { loadSettings, saveSettings, type Settings, settingsPath } from "../../../settings/settings.ts";
import { usage } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, printJson, success } from "../../terminal/terminal.ts";
import { printSettingsChange } from "./print-change.ts";

const commandName = "vouch setup notifications";

export const notifications = defineCommand({
  meta: { name: "notifications", description: "Choose which desktop notifications Vouch shows." },
  args: {
    touch: {
      type: "string",
      valueHint: "yes|no",
      description: "While a security key waits for a touch, after two seconds.",
    },
    "session-end": {
      type: "string",
      valueHint: "yes|no",
      description: "Fifteen minutes before a session ends, and when it ends by `vouch setup session`.",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is set now, or would be, as JSON." },
  },
  teaching: {
    details: [
      "Both are shown unless you say no. They come beside the lines on the terminal, which never go away: nothing is allowed by a notification.",
      "On Linux the notification server of the desktop is asked (busctl or notify-send), on macOS osascript. Without a desktop there are none.",
    ],
    examples: [
      ["vouch setup notifications", "See what is set."],
      ["vouch setup notifications --touch no", "No notification while the key blinks."],
    ],
  },
  run({ args }) {
    const settings = loadSettings();
    const touch = choice(args.touch, "--touch") ?? settings.notifications?.touch;
    const sessionEnd = choice(args["session-end"], "--session-end") ?? settings.notifications?.sessionEnd;
    const set = { ...(touch === undefined ? {} : { touch }), ...(sessionEnd === undefined ? {} : { sessionEnd }) };
    const after: Settings = Object.keys(set).length === 0 ? settings : { ...settings, notifications: set };
    const dryRun = args["dry-run"] === true;
    const changes = !Bun.deepEquals(settings, after, true);
    if (changes && !dryRun) saveSettings(after);
    const shown = { touch: touch !== false, sessionEnd: sessionEnd !== false };
    if (args.json) return printJson(dryRun ? { dryRun, ...shown } : shown);
    if (dryRun) return printSettingsChange(settings, after);
    const say = changes ? success : note;
    say(`While a key waits for a touch: ${words(shown.touch)}; before a session ends: ${words(shown.sessionEnd)}.`);
    if (changes) note(`It is in ${settingsPath()}.`);
  },
});

function words(isShown: boolean): string {
  return isShown ? "a notification" : "none";
}

function choice(value: string | undefined, flag: string): boolean | undefined {
  if (value === undefined || value === "yes") return value === undefined ? undefined : true;
  if (value === "no") return false;
  throw usage(`${flag} expects yes or no, got "${value}".`, commandName);
}
