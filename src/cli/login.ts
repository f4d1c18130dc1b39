/** `vouch login`: a session for eight hours, by PIN and touch. */
import { askAgent } from "../agent/client.ts";
import { type LoginFinishReply, type LoginFinishRequest, type LoginStartReply, routes } from "../agent/protocol.ts";
import { ensureAgent } from "../agent/start.ts";
import { loadSettings, type Settings } from "../config/settings.ts";
import { VouchError } from "../errors.ts";
import { getAssertion } from "../webauthn/ceremony.ts";
import { askStatus } from "./agent.ts";
import { parseSeconds } from "./arguments.ts";
import { defineCommand } from "./command.ts";
import { withSecurityKey } from "./security-key.ts";
import { note, printJson, success } from "./terminal.ts";
import { clockTime, duration } from "./time.ts";

/** The agent asks the server in turn, which has limits of its own. */
const agentTimeoutMs = 30_000;

export const login = defineCommand({
  meta: { name: "login", description: "Log in with your security key. The session lasts eight hours at most." },
  args: {
    timeout: {
      type: "string",
      valueHint: "SECONDS",
      default: "60",
      description: "How long to wait for the key and for the touch.",
    },
    json: { type: "boolean", description: "Print `user` and `expiration` (seconds since 1970) as JSON on stdout." },
  },
  teaching: {
    details: [
      "Asks for the PIN of the key on the terminal and waits for a touch. The session and every token stay in the memory of the agent, which is started when it is not running; nothing is written to a file. A new login replaces a session that is still there.",
    ],
    examples: [
      ["vouch login", "PIN, touch, and cargo, pip and npm work until the evening."],
      ["vouch login --timeout 120", "Take two minutes to find the key."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const settings = loadSettings();
    if (!settings.server) {
      throw new VouchError("settings_missing", "No security key is enrolled from this machine.", {
        hint: "Ask the people who run your Vouch server for a code, then run `vouch enroll --server URL`.",
      });
    }
    await ensureAgent();
    const before = await askStatus();
    if (before?.session) {
      note(`You are logged in until ${clockTime(before.session.expiration)}; this login replaces that session.`);
    }
    const start = await askAgent<LoginStartReply>(routes.loginStart, {}, { timeoutMs: agentTimeoutMs });
    const { credentialIds } = settings.server;
    const credential = await withSecurityKey(timeoutSeconds, (tools) =>
      getAssertion({ ...tools, options: start.options, origin: new URL(start.server).origin, credentialIds }),
    );
    const request: LoginFinishRequest = { ceremony: start.ceremony, credential };
    const reply = await askAgent<LoginFinishReply>(routes.loginFinish, request, { timeoutMs: agentTimeoutMs });
    report(reply, settings, args.json === true);
  },
});

function report({ user, expiration }: LoginFinishReply, settings: Settings, json: boolean): void {
  if (json) printJson({ user, expiration });
  const left = duration(expiration - Date.now() / 1000);
  success(`Logged in as ${user} until ${clockTime(expiration)} (${left}).`);
  if (!settings.aws) note("Next: `vouch setup aws --role ARN` names the AWS role that you use.");
  else if (settings.repositories.length === 0) {
    note("Next: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY` configures cargo, pip and npm.");
  }
}
