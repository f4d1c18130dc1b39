/** `vouch setup login`: where you are asked for PIN and touch when a command needs a session. */
import {
  loadSettings,
  type LoginPrompt,
  loginPrompts,
  saveSettings,
  type Settings,
  settingsPath,
} from "../../../settings/settings.ts";
import { closest } from "../../../base/words/closest.ts";
import { usage } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, print, printJson, success } from "../../terminal/terminal.ts";
import { printSettingsChange } from "./print-change.ts";

const commandName = "vouch setup login";

const meanings: Record<LoginPrompt, string> = {
  always:
    "You are asked wherever a session is missing: on the terminal, by helpers in a build, too, else in a dialogue.",
  terminal: "You are asked on the terminal before a package manager starts; one that runs waits for `vouch login`.",
  never: "You are never asked: run `vouch login` first.",
};

export const login = defineCommand({
  meta: { name: "login", description: "Choose where you are asked for PIN and touch when a session is missing." },
  args: {
    prompt: {
      type: "string",
      valueHint: loginPrompts.join("|"),
      description: "`terminal` is what holds without a choice.",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is set now, or would be, as JSON." },
  },
  teaching: {
    details: [
      "Without flags it says what is set.",
      "`terminal`: the shims and `vouch exec` ask for PIN and touch on your terminal before they start anything, and go on. A helper that a package manager has started asks for no PIN, so that you never learn to type it into what a build prints: it names the command to run in another terminal, and waits two minutes for it.",
      "`always`: helpers ask, too, and without a terminal a dialogue of pinentry does. `never`: the error names the command. In CI, and in the background, nobody is ever asked.",
    ],
    examples: [
      ["vouch setup login", "See what is set."],
      ["vouch setup login --prompt never", "Commands fail at once without a session, as in a script."],
      ["vouch setup login --prompt always", "For builds that an editor starts."],
    ],
  },
  run({ args }) {
    const settings = loadSettings();
    const dryRun = args["dry-run"] === true;
    if (args.prompt === undefined) return show(settings, { dryRun, json: args.json === true });
    const prompt = parsePrompt(args.prompt);
    const after = { ...settings, login: { ...settings.login, prompt } };
    if (!dryRun && !Bun.deepEquals(settings.login, after.login, true)) saveSettings(after);
    if (args.json) return printJson(dryRun ? { dryRun, prompt } : { prompt });
    if (dryRun) return printSettingsChange(settings, after);
    success(`login.prompt is ${prompt} (${settingsPath()}).`);
    note(meanings[prompt]);
  },
});

/** Throws `usage`. */
function parsePrompt(text: string): LoginPrompt {
  const prompt = loginPrompts.find((each) => each === text);
  if (prompt !== undefined) return prompt;
  const meant = closest(text, loginPrompts);
  throw usage(
    `--prompt expects ${loginPrompts.join(", ")}, got "${text}".`,
    commandName,
    meant === undefined ? undefined : `--prompt ${meant}`,
  );
}

function show({ login: set }: Settings, { dryRun, json }: { dryRun: boolean; json: boolean }): void {
  const prompt = set?.prompt ?? "terminal";
  if (json) return printJson(dryRun ? { dryRun, prompt } : { prompt });
  print(`login.prompt is ${prompt}${set?.prompt === undefined ? ", as without a choice" : ""} (${settingsPath()}).`);
  print(meanings[prompt]);
}
