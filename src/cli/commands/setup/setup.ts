/** `vouch setup`: sets up what the server announces, or, by its commands, one thing after the other. */
import { isatty } from "node:tty";
import { digestOf } from "../../../announced/body.ts";
import { VouchError } from "../../../base/errors.ts";
import { loadSettings, type Settings } from "../../../settings/settings.ts";
import { howToLearnServer } from "../../../settings/unknown-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, print, printJson } from "../../terminal/terminal.ts";
import { askAnnounced } from "./announced/asked.ts";
import { setUp } from "./announced/carry-out.ts";
import { type Difference, differenceOf } from "./announced/difference.ts";
import { accepts, show } from "./announced/offer.ts";
import { replacedLines } from "./announced/replaced.ts";
import { expectSound } from "./announced/roles.ts";
import { aws } from "./aws.ts";
import { codeartifact } from "./codeartifact/codeartifact.ts";
import { sayFirstCommand } from "./codeartifact/outcome/report.ts";
import { login } from "./login.ts";
import { setupLog } from "./log.ts";
import { setupSession } from "./session.ts";
import { notifications } from "./notifications.ts";
import { sayNothingChanged } from "./print-change.ts";

export const setup = defineCommand({
  meta: {
    name: "setup",
    description:
      "Set up what your Vouch server announces for you. Its commands name the AWS role that you use, configure your package managers for a repository in AWS CodeArtifact, and choose where you are asked and notified, what ends a session, and what is kept of who asked.",
  },
  args: {
    yes: { type: "boolean", description: "Accept what is announced without being asked." },
    remove: { type: "boolean", description: "Take away what was set up of an announcement." },
    path: {
      type: "enum",
      options: ["yes", "no"],
      description: "Whether to add the shims folder to the start file of your shell. Without it: asks on a terminal.",
    },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is new as JSON; with --yes it is set up." },
  },
  teaching: {
    details: [
      "Without a command it shows what your Vouch server announces for your groups (roles, profiles, repositories) and this machine has not, line by line, and asks. Nothing is set up that you have not accepted; what you set by hand is shown before it is replaced. `vouch login` shows the same once, when it is new.",
      "A server announces names that AWS knows, and nothing else: no URL, no path, no option of a package manager, no other server.",
    ],
    examples: [
      ["vouch setup", "See what is announced, and accept it or not."],
      ["vouch setup --dry-run", "See it, and change nothing."],
      ["vouch setup --yes", "Accept it in a script."],
      ["vouch setup --remove", "Take it away again."],
    ],
  },
  subCommands: { aws, codeartifact, login, notifications, session: setupSession, log: setupLog },
  async run({ args }) {
    const settings = loadSettings();
    const server = settings.server?.url;
    if (args.remove !== true && server === undefined) {
      throw new VouchError("settings_missing", "This machine does not know your Vouch server yet.", {
        hint: howToLearnServer,
      });
    }
    const { difference, after, from } = args.remove === true ? removal(settings) : await addition(server!, settings);
    expectSound(difference, settings);
    difference.lines.push(...replacedLines(difference, settings));
    const isAsking = args["dry-run"] !== true && args.json !== true && args.yes !== true;
    const hasChange = difference.lines.length > 0;
    const isDone = hasChange && args["dry-run"] !== true && args.yes === true;
    if (args.json === true) {
      if (isDone) await setUp(difference, after, { path: args.path, isSilent: true });
      return printJson({ server: from ?? null, changes: difference.lines, notes: difference.notes, changed: isDone });
    }
    if (!hasChange) {
      for (const line of difference.notes) note(line);
      return note(args.remove === true ? "Nothing of an announcement is set up here." : "Nothing new is announced.");
    }
    if (isAsking && isatty(0) && isatty(2)) {
      if (!(await accepts(difference, from!))) return note("Nothing has been changed.");
    } else {
      show(difference, from!, print);
      if (args["dry-run"] === true) return sayNothingChanged();
      if (args.yes !== true) {
        throw new VouchError("usage", "Nothing has been changed: there is no terminal to ask on.", {
          hint: `Accept it with \`vouch setup${args.remove === true ? " --remove" : ""} --yes\`.`,
        });
      }
    }
    const outcome = (await setUp(difference, after, { path: args.path, isSilent: false })).at(-1);
    if (outcome !== undefined) sayFirstCommand(outcome);
  },
});

interface Planned {
  difference: Difference;
  /** What is kept of the announcement once it is done. */
  after: Settings["announced"];
  /** The server's URL. */
  from: string | undefined;
}

/** What this machine lacks of what the server announces. Throws as `askAnnounced`. */
async function addition(server: string, settings: Settings): Promise<Planned> {
  const body = (await askAnnounced(server)) ?? {};
  const known = settings.announced?.server === server ? settings.announced : undefined;
  const difference = differenceOf(body, { ...known, settings, env: process.env });
  return { difference, after: { server, accepted: body }, from: server };
}

/** What is here of the announcement that was accepted. It is not offered again until it is another one. */
function removal(settings: Settings): Planned {
  const { server, accepted = {}, replaced } = settings.announced ?? {};
  const difference = differenceOf({}, { accepted, replaced, settings, env: process.env });
  const after = server === undefined ? undefined : { server, declined: digestOf(accepted) };
  return { difference, after, from: server };
}
