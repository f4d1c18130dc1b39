/** `vouch login`: opens a session of eight hours, by PIN and touch. */
import { askAgent, askStatus } from "../../agent/wire/client.ts";
import { type Reply, routes } from "../../agent/protocol.ts";
import type { LoginFinishRequest, LoginStartRequest } from "../../agent/requests.ts";
import { loadSettings, type Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { getAssertion } from "../../fido/webauthn/ceremony.ts";
import { parseSeconds } from "../framework/arguments.ts";
import { agentTimeoutMs, timeoutArg } from "../key/ceremony.ts";
import { defineCommand } from "../framework/command.ts";
import { rememberServer, serverUrl, warnOfReplacement } from "./known-server.ts";
import { withSecurityKey } from "../key/security-key.ts";
import { withAgent } from "./with-agent.ts";
import { note, printJson, success } from "../terminal/terminal.ts";
import { clockTime, duration } from "../terminal/time.ts";

export const login = defineCommand({
  meta: { name: "login", description: "Log in with your security key. The session lasts eight hours at most." },
  args: {
    server: {
      type: "string",
      valueHint: "URL",
      description: "The URL of the Vouch server, on a machine that does not know it yet. Kept once the login succeeds.",
    },
    ...timeoutArg,
    json: { type: "boolean", description: "Print `user` and `expiration` (seconds since 1970) as JSON on stdout." },
  },
  teaching: {
    details: [
      "Has the key verify you (its PIN is asked for on the terminal; a key with a fingerprint sensor wants the finger) and waits for a touch. The session and every token stay in the memory of the agent, which is started when it is not running; nothing is written to a file. A new login replaces a session that is still there, and after an update of Vouch the agent.",
    ],
    examples: [
      ["vouch login", "PIN, touch, and your package managers work until the evening."],
      ["vouch login --server https://vouch.example.com", "On a second machine, with a key that is enrolled."],
      ["vouch login --timeout 120", "Take two minutes to find the key."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const settings = loadSettings();
    const server = args.server === undefined ? settings.server?.url : serverUrl(args.server);
    if (server === undefined) {
      throw new VouchError("settings_missing", "This machine does not know your Vouch server yet.", {
        hint: "With an enrolment code, run `vouch enroll --server URL`; with a key that is enrolled already, `vouch login --server URL`.",
      });
    }
    warnOfReplacement(settings, server);
    await withAgent(
      async () => {
        const before = await askStatus();
        if (before?.session) {
          note(`You are logged in until ${clockTime(before.session.expiration)}; this login replaces that session.`);
        }
        const startRequest: LoginStartRequest = args.server === undefined ? {} : { server };
        const start = await askAgent(routes.loginStart, startRequest, { timeoutMs: agentTimeoutMs });
        // For non-discoverable credentials, whose ids the key does not store. Only this server's ids, not another one's.
        const credentialIds = settings.server?.url === server ? settings.server.credentialIds : [];
        const credential = await withSecurityKey(timeoutSeconds, (tools) =>
          getAssertion({ ...tools, options: start.options, origin: new URL(start.server).origin, credentialIds }),
        );
        const request: LoginFinishRequest = { ceremony: start.ceremony, credential };
        const reply = await askAgent(routes.loginFinish, request, { timeoutMs: agentTimeoutMs });
        if (settings.server?.url !== server) rememberServer(server, [credential.id], reply.user);
        report(reply, settings, args.json === true);
      },
      { replaces: true },
    );
  },
});

function report({ user, expiration }: Reply<typeof routes.loginFinish>, settings: Settings, json: boolean): void {
  if (json) printJson({ user, expiration });
  const left = duration(expiration - Date.now() / 1000);
  success(`Logged in as ${user} until ${clockTime(expiration)} (${left}).`);
  if (!settings.aws) note("Next: `vouch setup aws --role ARN` names the AWS role that you use.");
  else if (settings.repositories.length === 0) {
    note("Next: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY` configures your package managers.");
  }
}
