/** The step "security key": registers it at the Vouch server with a one-time code. */
import { askAgent } from "../../../agent/wire/client.ts";
import { type Reply, routes } from "../../../agent/protocol.ts";
import type { EnrollFinishRequest, EnrollStartRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { checkWritable } from "../../../base/system/atomic-write.ts";
import { parseCreationOptions } from "../../../fido/webauthn/options.ts";
import { profileServers, serverData } from "../../../settings/servers.ts";
import { type Settings, settingsPath } from "../../../settings/settings.ts";
import { agentTimeoutMs, isEnrolledAlready, makeKey } from "../../key/ceremony.ts";
import { readCode } from "../../terminal/prompt.ts";
import { promptParsed } from "../../terminal/questions.ts";
import { note, showError, success } from "../../terminal/terminal.ts";
import { hasAnySession } from "../chosen-server.ts";
import { rememberServer, serverUrl, warnOfReplacement } from "../known-server.ts";
import { openSession, sayLoggedIn } from "../open-session.ts";
import { orUnknown } from "../unknown-outcome.ts";
import { beginThrough, withAgent } from "../with-agent.ts";
import { defineStep, type Doubt } from "./step.ts";
import { sayWays } from "./ways.ts";

/** How many codes a person may type before the set-up ends. */
const maxCodes = 3;

export const securityKey = defineStep({
  title: "Security key",
  present: ({ given, settings, agent }) => {
    if (given.name !== undefined) return undefined;
    const url = given.server ?? settings.server?.url;
    const known = url === undefined ? undefined : serverData(url, settings);
    if (known && known.credentialIds.length > 0) {
      return `Security key: known at ${known.url}${known.user === undefined ? "" : ` for ${known.user}`}.`;
    }
    const [profileServer] = profileServers(settings).keys();
    const other = profileServer ?? (hasAnySession(agent) ? "the agent has a session" : undefined);
    return given.server === undefined && other !== undefined ? `Security key: known (${other}).` : undefined;
  },
  isGiven: ({ server, name }) => server !== undefined || name !== undefined,
  ask: async ({ given, settings }) => {
    const server = await reachedServer(given.server ?? settings.server?.url, settings);
    await sayWays(server);
    return { server, code: await readCode("Enrolment code (Enter: the key is enrolled already)") };
  },
  act: async ({ server, code }, { given, settings, timeoutSeconds, doubt }) => {
    if (code === "") return sayLoggedIn(await openSession(server, settings, timeoutSeconds));
    await enrollKey({ server, code, name: given.name, timeoutSeconds, isGuided: true, doubt });
  },
});

/** The server, asked for if unknown, once it has answered: before a person types a code. Throws as `askAgent`. */
async function reachedServer(known: string | undefined, settings: Settings): Promise<string> {
  for (;;) {
    const server = known ?? (await promptParsed("The URL of your company's Vouch server", typedServer));
    prepare(server, settings);
    try {
      await withAgent(() => beginThrough(routes.loginStart, { server }), { isGuided: true });
      return server;
    } catch (error) {
      if (known !== undefined || !(error instanceof VouchError) || error.code !== "network") throw error;
      showError(error);
    }
  }
}

/** What is typed may lack the scheme, and is no flag. */
function typedServer(text: string): string {
  return serverUrl(text.includes("://") ? text : `https://${text}`, "Expected");
}

/** Before a code is asked for: it would be used up, and the key known to the server alone. Throws `file_error`. */
export function prepare(server: string, settings: Settings): void {
  checkWritable(settingsPath());
  warnOfReplacement(settings, server);
}

interface Enrolment {
  server: string;
  code: string;
  name: string | undefined;
  timeoutSeconds: number;
  /** Asks again for a code that the server does not take. */
  isGuided?: boolean;
  doubt?: Doubt;
}

/** Makes the key known at the server (URL), and the server to this machine. Returns whether the code was used. */
export async function enrollKey(enrolment: Enrolment): Promise<boolean> {
  const { server, code, name, timeoutSeconds, isGuided = false, doubt = {} } = enrolment;
  if (code === "") throw new VouchError("usage", "An enrolment code is needed, got an empty line.");
  const work = async (): Promise<boolean> => {
    const named = name === undefined ? {} : { name };
    const start = await begin({ server, code, ...named }, isGuided ? maxCodes : 1);
    try {
      const made = await makeKey(timeoutSeconds, server, start.options, { purpose: "enroll" });
      const request: EnrollFinishRequest = { ceremony: start.ceremony, ...made, ...named };
      const tells = `\`vouch login --server ${server}\` succeeds if it is. If not, \`vouch enroll\` takes the same code again.`;
      const what = "the key is enrolled, and the code used up";
      doubt.hint = `It is not known whether ${what}: ${tells}`;
      // A key may keep no credential: a login with it needs the id.
      const keep = () => rememberServer(server, [made.credential.id]);
      doubt.keep = keep;
      const finish = () => askAgent(routes.enrollFinish, request, { timeoutMs: agentTimeoutMs });
      const reply = await orUnknown(finish, what, tells, keep);
      rememberServer(server, [reply.credentialId], reply.user);
      success(`Your security key is enrolled at ${server} for ${reply.user}.`);
      note(`It is called "${reply.name}".`);
      return true;
    } catch (error) {
      if (!isEnrolledAlready(error)) throw error;
      const { user, excludeCredentials } = parseCreationOptions(start.options, new URL(server).origin);
      const ids = excludeCredentials.map(({ id }) => id);
      const owner = printable(user.name);
      rememberServer(server, ids, owner);
      success(`This security key is enrolled at ${server} for ${owner} already. The code has not been used up.`);
      return false;
    }
  };
  return withAgent(work, { isGuided });
}

/** Begins the enrolment, with up to so many codes: a person may have mistyped one. Throws `enrollment_denied`. */
async function begin(request: EnrollStartRequest, codes: number): Promise<Reply<typeof routes.enrollStart>> {
  try {
    return await beginThrough(routes.enrollStart, request);
  } catch (error) {
    if (codes <= 1 || !(error instanceof VouchError) || error.code !== "enrollment_denied") throw error;
    showError(error);
    const code = await promptParsed("Enrolment code", (text) => text);
    return begin({ ...request, code }, codes - 1);
  }
}
