/** `vouch login`: opens a session of eight hours, by PIN and touch. */
import type { Reply, routes } from "../../agent/protocol.ts";
import { checkWritable } from "../../base/system/atomic-write.ts";
import { isKnownServer, profileServers } from "../../settings/servers.ts";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { parseSeconds, usage } from "../framework/arguments.ts";
import { timeoutArg } from "../key/ceremony.ts";
import { forArg } from "./chosen-server.ts";
import { defineCommand } from "../framework/command.ts";
import { nextSteps } from "./doctor/next-steps.ts";
import { serverUrl, warnOfReplacement } from "./known-server.ts";
import { openSession, sayLoggedIn, serverForLogin } from "./open-session.ts";
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
    json: { type: "boolean", description: "Print `user` and `expiration` (seconds since 1970) as JSON on stdout." },
  },
  teaching: {
    details: [
      "Has the key verify you (its PIN is asked for on the terminal; a key with a fingerprint sensor wants the finger) and waits for a touch. The session and every token stay in the memory of the agent, which is started when it is not running; no secret is written to a file. A new login replaces a session at the same server that is still there, and after an update of Vouch the agent.",
      "Where a profile has a Vouch server of its own, `--for NAME` opens a session there, beside the one of the default server.",
    ],
    examples: [
      ["vouch login", "PIN, touch, and your package managers work until the evening."],
      ["vouch login --server https://vouch.example.com", "On a second machine, with a key that is enrolled."],
      ["vouch login --for acme", "At the server that the profile acme names."],
      ["vouch login --timeout 120", "Take two minutes to find the key."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
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
    const reply = await openSession(server, settings, timeoutSeconds);
    report(reply, settings, args.json === true, profileServers(settings).has(server));
  },
});

function report(
  { user, expiration }: Reply<typeof routes.loginFinish>,
  settings: Settings,
  json: boolean,
  isOfProfile: boolean,
): void {
  if (json) printJson({ user, expiration });
  sayLoggedIn({ user, expiration });
  const [step] = isOfProfile ? [] : nextSteps({ settings: loadSettings(), agent: undefined });
  if (step) note(`Next: \`${step.command}\` ${step.does}.`);
  else if (settings.repositories.length === 0) {
    note("Next: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY` configures your package managers.");
  }
}
