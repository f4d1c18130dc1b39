/** `vouch login`: opens a session of eight hours, by PIN and touch. */
import { isatty } from "node:tty";
import type { Reply, routes } from "../../agent/protocol.ts";
import { checkWritable } from "../../base/system/atomic-write.ts";
import { isKnownServer, profileServers } from "../../settings/servers.ts";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { parseSeconds, usage, valuesOf } from "../framework/arguments.ts";
import { timeoutArg } from "../key/ceremony.ts";
import { forArg } from "./chosen-server.ts";
import { defineCommand } from "../framework/command.ts";
import { nextSteps } from "./doctor/next-steps.ts";
import { serverUrl, warnOfReplacement } from "./known-server.ts";
import { offerAnnounced } from "./setup/announced/offer.ts";
import { sayFirstCommand } from "./setup/codeartifact/outcome/report.ts";
import { openSession, openSessionInBrowser, sayLoggedIn, serverForLogin } from "./open-session.ts";
import { howToLearnServer } from "../../settings/unknown-server.ts";
import { note, printJson } from "../terminal/terminal.ts";

export const login = defineCommand({
  meta: { name: "login", description: "Log in with your security key. The session lasts eight hours at most." },
  args: {
    server: {
      type: "string",
      valueHint: "URL",
      description: "The URL of the Vouch server, on a machine that does not know it yet. Kept once the login succeeds.",
    },
    ...forArg,
    ...timeoutArg,
    browser: {
      type: "boolean",
      description:
        "Log in by a touch at the server's page: with a phone, the sensor of this computer, or a security key.",
    },
    open: {
      type: "boolean",
      default: true,
      description: "With `--browser` open no browser here: name the page, and ask for the code that it shows.",
    },
    json: { type: "boolean", description: "Print `user` and `expiration` (seconds since 1970) as JSON on stdout." },
  },
  teaching: {
    details: [
      "Has the key verify you (its PIN is asked for on the terminal; a key with a fingerprint sensor wants the finger) and waits for a touch. The session and every token stay in the memory of the agent, which is started when it is not running; no secret is written to a file. A new login replaces a session at the same server that is still there, and after an update of Vouch the agent.",
      "With --browser, which the server must allow (`--browser-login on`), the touch is made at a page of the server. A browser of this machine hands its code to this command. Without a display, by ssh, and with --no-open the page, opened anywhere, shows a code, and this command asks for it: type it only into the terminal in which you began. --timeout is then 300 at first.",
      "Where a profile has a Vouch server of its own, `--for NAME` opens a session there, beside the one of the default server.",
    ],
    examples: [
      ["vouch login", "PIN, touch, and your package managers work until the evening."],
      ["vouch login --server https://vouch.example.com", "On a second machine, with a key that is enrolled."],
      ["vouch login --for acme", "At the server that the profile acme names."],
      ["vouch login --browser", "By a page of the server, with a phone or the sensor of this computer."],
      ["vouch login --browser --no-open", "The same on a machine without a browser."],
      ["vouch login --timeout 120", "Take two minutes to find the key."],
    ],
  },
  async run({ args, rawArgs }) {
    const isInBrowser = args.browser === true;
    const timeout = isInBrowser && valuesOf(rawArgs, "--timeout").length === 0 ? "300" : args.timeout;
    const timeoutSeconds = parseSeconds(timeout, "--timeout", 1, 600);
    if (!args.open && !isInBrowser) throw usage("--no-open is for --browser.", "vouch login");
    const settings = loadSettings();
    if (args.server !== undefined && args.for !== undefined)
      throw usage("Give one of --server and --for.", "vouch login");
    const server = args.server === undefined ? serverForLogin(args.for, settings) : serverUrl(args.server);
    if (server === undefined) {
      throw new VouchError("settings_missing", "This machine does not know your Vouch server yet.", {
        hint: howToLearnServer,
      });
    }
    if (!isKnownServer(server, settings)) checkWritable(settingsPath());
    warnOfReplacement(settings, server);
    const reply = isInBrowser
      ? await openSessionInBrowser(server, settings, { timeoutSeconds, opens: args.open })
      : await openSession(server, settings, timeoutSeconds);
    report(reply, args.json === true);
    const isPerson = args.json !== true && isatty(0) && isatty(2);
    const outcome = (await offerAnnounced(server, { isPerson })).at(-1);
    if (outcome !== undefined) return sayFirstCommand(outcome);
    sayNextStep(settings, profileServers(settings).has(server));
  },
});

function report({ user, expiration }: Reply<typeof routes.loginFinish>, json: boolean): void {
  if (json) printJson({ user, expiration });
  sayLoggedIn({ user, expiration });
}

function sayNextStep(settings: Settings, isOfProfile: boolean): void {
  const [step] = isOfProfile ? [] : nextSteps({ settings: loadSettings(), agent: undefined });
  if (step) note(`Next: \`${step.command}\` ${step.does}.`);
  else if (loadSettings().repositories.length === 0) {
    note("Next: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY` configures your package managers.");
  }
}
