/** `vouch enroll`: registers a security key at the Vouch server with a one-time code. */
import { askAgent } from "../../agent/wire/client.ts";
import { routes } from "../../agent/protocol.ts";
import type { EnrollFinishRequest, EnrollStartRequest } from "../../agent/requests.ts";
import { withAgent } from "./with-agent.ts";
import { checkWritable } from "../../base/system/atomic-write.ts";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { parseCreationOptions } from "../../fido/webauthn/options.ts";
import { missing, parseSeconds, usage } from "../framework/arguments.ts";
import { agentTimeoutMs, isEnrolledAlready, makeKey, nameArg, parseKeyName, timeoutArg } from "../key/ceremony.ts";
import { profileServers } from "../../settings/servers.ts";
import { chosenServer, forArg, loginAt } from "./chosen-server.ts";
import { defineCommand } from "../framework/command.ts";
import { rememberServer, serverUrl, warnOfReplacement } from "./known-server.ts";
import { readCode } from "../terminal/prompt.ts";
import { note, success } from "../terminal/terminal.ts";

export const enroll = defineCommand({
  meta: { name: "enroll", description: "Make your security key known to your company's Vouch server." },
  args: {
    server: { type: "string", valueHint: "URL", description: "The URL of the Vouch server." },
    ...forArg,
    ...nameArg,
    ...timeoutArg,
  },
  teaching: {
    details: [
      "Asks for the one-time code that the people who run the server gave you (`vouch server invite`), for the PIN of the key (or your finger on its sensor), and for a touch. A key without a PIN gets one on the way. The key makes a new credential for this server; it never leaves the key. The code may also come on stdin; it is never taken from the command line, where others could see it.",
      "On another machine there is nothing to enrol: `vouch login --server URL` is enough. When the key turns out to be enrolled already, the code is not used up, this machine learns the server, and the exit code is 0. Another key is enrolled with `vouch keys add`, without a code.",
    ],
    examples: [
      ["vouch enroll --server https://vouch.example.com", "Enroll the key that is plugged in."],
      ["vouch enroll --for acme", "At the server that `vouch setup aws --profile acme --server URL` has named."],
      ["pass show vouch-code | vouch enroll --server https://vouch.example.com", "Take the code from another program."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const settings = loadSettings();
    if (args.server !== undefined && args.for !== undefined)
      throw usage("Give one of --server and --for.", "vouch enroll");
    const server = args.server === undefined ? serverOfProfile(args.for, settings) : serverUrl(args.server);
    if (server === undefined) throw missing("--server is missing.", "vouch enroll", "vouch enroll --server URL");
    const name = args.name === undefined ? undefined : parseKeyName(args.name, "--name");
    // The code would be used up, and the key known to the server alone.
    checkWritable(settingsPath());
    warnOfReplacement(settings, server);
    const code = await readCode("Enrolment code");
    if (code === "") throw new VouchError("usage", "An enrolment code is needed, got an empty line.");
    await withAgent(async () => {
      const named = name === undefined ? {} : { name };
      const startRequest: EnrollStartRequest = { server, code, ...named };
      const start = await askAgent(routes.enrollStart, startRequest, { timeoutMs: agentTimeoutMs });
      try {
        const made = await makeKey(timeoutSeconds, server, start.options, { purpose: "enroll" });
        const request: EnrollFinishRequest = { ceremony: start.ceremony, ...made, ...named };
        const reply = await askAgent(routes.enrollFinish, request, { timeoutMs: agentTimeoutMs });
        rememberServer(server, [reply.credentialId], reply.user);
        success(`Your security key is enrolled at ${server} for ${reply.user}.`);
        note(`It is called "${reply.name}".`);
      } catch (error) {
        if (!isEnrolledAlready(error)) throw error;
        const { user, excludeCredentials } = parseCreationOptions(start.options, new URL(server).origin);
        const ids = excludeCredentials.map(({ id }) => id);
        const owner = user.name.replaceAll(/\p{Cc}+/gu, " ");
        rememberServer(server, ids, owner);
        success(`This security key is enrolled at ${server} for ${owner} already. The code has not been used up.`);
        note(`Next: \`${loginAt(server, settings)}\`.`);
        return;
      }
      note(`The server's URL and the credential's id, which are public, are in ${settingsPath()}.`);
      note(
        settings.aws || profileServers(settings).has(server)
          ? `Next: \`${loginAt(server, settings)}\`.`
          : "Next: `vouch setup aws --role ARN --region REGION` names the AWS role that you use, then `vouch login`.",
      );
    });
  },
});

/** The server that the profile names, which may be the default one; none without a profile. */
function serverOfProfile(profile: string | undefined, settings: Settings): string | undefined {
  return profile === undefined ? undefined : (chosenServer(profile, settings).server ?? settings.server?.url);
}
