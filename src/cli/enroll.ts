/** `vouch enroll`: makes a security key known to the Vouch server, once, with a one-time code. */
import { askAgent } from "../agent/client.ts";
import {
  type EnrollFinishReply,
  type EnrollFinishRequest,
  type EnrollStartReply,
  type EnrollStartRequest,
  routes,
} from "../agent/protocol.ts";
import { ensureAgent } from "../agent/start.ts";
import { loadSettings, saveSettings, settingsPath } from "../config/settings.ts";
import { VouchError } from "../errors.ts";
import { createCredential } from "../webauthn/ceremony.ts";
import { parseSeconds } from "./arguments.ts";
import { defineCommand } from "./command.ts";
import { readCode } from "./prompt.ts";
import { withSecurityKey } from "./security-key.ts";
import { note, success, warn } from "./terminal.ts";

/** The agent asks the server in turn, which has limits of its own. */
const agentTimeoutMs = 30_000;

export const enroll = defineCommand({
  meta: { name: "enroll", description: "Make your security key known to your company's Vouch server." },
  args: {
    server: { type: "string", required: true, valueHint: "URL", description: "The URL of the Vouch server." },
    timeout: {
      type: "string",
      valueHint: "SECONDS",
      default: "60",
      description: "How long to wait for the key and for the touch.",
    },
  },
  teaching: {
    details: [
      "Asks for the one-time code that the people who run the server gave you (`vouch server invite`), for the PIN of the key, and for a touch. The key makes a new credential for this server; it never leaves the key. The code may also come on stdin; it is never taken from the command line, where others could see it.",
    ],
    examples: [
      ["vouch enroll --server https://vouch.example.com", "Enroll the key that is plugged in."],
      ["pass show vouch-code | vouch enroll --server https://vouch.example.com", "Take the code from another program."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const server = serverUrl(args.server);
    const settings = loadSettings();
    if (settings.server && settings.server.url !== server) {
      warn(`This machine is enrolled at ${settings.server.url}; ${server} takes its place.`);
    }
    const code = await readCode("Enrolment code");
    if (code === "") throw new VouchError("usage", "An enrolment code is needed, got an empty line.");
    await ensureAgent();
    const startRequest: EnrollStartRequest = { server, code };
    const start = await askAgent<EnrollStartReply>(routes.enrollStart, startRequest, { timeoutMs: agentTimeoutMs });
    const credential = await withSecurityKey(timeoutSeconds, (tools) =>
      createCredential({ ...tools, options: start.options, origin: new URL(server).origin }),
    );
    const request: EnrollFinishRequest = { ceremony: start.ceremony, credential };
    const reply = await askAgent<EnrollFinishReply>(routes.enrollFinish, request, { timeoutMs: agentTimeoutMs });
    const known = settings.server?.url === server ? settings.server.credentialIds : [];
    saveSettings({
      ...settings,
      server: { url: server, user: reply.user, credentialIds: [...known, reply.credentialId] },
    });
    success(`Your security key is enrolled at ${server} for ${reply.user}.`);
    note(`The server's URL and the credential's id, which are public, are in ${settingsPath()}.`);
    note(
      settings.aws
        ? "Next: `vouch login`."
        : "Next: `vouch setup aws --role ARN` names the AWS role that you use, then `vouch login`.",
    );
  },
});

/**
 * The server's URL as its issuer is written: https (http to loopback), no slash at the end.
 * Throws `usage` when it is another kind of URL.
 */
export function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) {
    throw new VouchError("usage", `--server expects a URL, got "${text}".`, {
      hint: URL.canParse(`https://${text}`) ? `Did you mean https://${text}?` : undefined,
    });
  }
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    throw new VouchError("usage", `--server expects an https URL, got "${text}".`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new VouchError("usage", `--server expects a URL without user name, query and fragment, got "${text}".`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
