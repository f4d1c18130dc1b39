/** `vouch keys add`: enrols another security key for the same user. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { KeyAddFinishRequest, KeyAddStartRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { attestedDataOf } from "../../../fido/webauthn/authenticator-data.ts";
import { approveAdd, type Deed } from "../../../fido/webauthn/deed.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { agentTimeoutMs, isEnrolledAlready, makeKey, nameArg, parseKeyName, timeoutArg } from "../../key/ceremony.ts";
import { checkWritable } from "../../../base/system/atomic-write.ts";
import { loadSettings, settingsPath } from "../../../settings/settings.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { rememberServer } from "../known-server.ts";
import { announce, promptText } from "../../terminal/prompt.ts";
import { note, success, warn } from "../../terminal/terminal.ts";
import { approve } from "./approve.ts";
import { orUnknown } from "../unknown-outcome.ts";
import { listShows, modelOfKey } from "./own-keys.ts";

/** How many keys may be tried for the approval. */
const maxTries = 3;

export const add = defineCommand({
  meta: { name: "add", description: "Make another security key known, so that you can log in with either." },
  args: { ...nameArg, ...forArg, ...timeoutArg },
  teaching: {
    details: [
      "You need a session, and a key that is enrolled. One USB port is enough. First the new key, alone: its PIN is asked for, and it waits for a touch. Then one that is enrolled proves that it is you, by PIN and touch, and approves this new key and no other. No enrolment code is needed.",
      "Nothing is added without the approval. What the new key has made until then opens nothing, and the next `vouch keys add` replaces it; `vouch keys clean` takes it off the key.",
      "Keep the second key in another place than the first. When one is lost, log in with the other and remove the lost one with `vouch keys remove`.",
    ],
    examples: [
      ["vouch keys add", "Add the key that you plug in, called by its model."],
      ["vouch keys add --name drawer", "Give it a name."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const name = args.name === undefined ? undefined : parseKeyName(args.name, "--name");
    const named = name === undefined ? {} : { name };
    const at = chosenServer(args.for, loadSettings());
    checkWritable(settingsPath());
    const limit = { timeoutMs: agentTimeoutMs };
    const start: KeyAddStartRequest = { ...at, ...named };
    const begun = await askAgent(routes.keyAddStart, start, limit);
    const { ceremony, server } = begun;
    try {
      await askToPlugIn("Plug in the NEW security key and take out the others");
      const made = await makeKey(timeoutSeconds, server, begun.options, { purpose: "add-key" });
      const deed = approveAdd(attestedDataOf(made.credential.response.attestationObject), name, made.product);
      const key = await approveAndFinish(async () => {
        const approval = await approveNewKey(timeoutSeconds, server, begun.approval, deed);
        const request: KeyAddFinishRequest = { ...at, ceremony, approval, ...made, ...named };
        const added = () => askAgent(routes.keyAddFinish, request, limit);
        const tells = `${listShows} If not, run \`vouch keys add\` again.`;
        // A key may keep no credential: a login with it needs the id.
        const keep = () => rememberServer(server, [made.credential.id]);
        return (await orUnknown(added, "the new key is added", tells, keep)).key;
      });
      rememberServer(server, [key.id]);
      success(`"${key.name}" (${modelOfKey(key)}) is enrolled at ${server}.`);
      note("From now on `vouch login` takes it as well as your other keys.");
    } catch (error) {
      if (!isEnrolledAlready(error)) throw error;
      throw new VouchError("credential_excluded", "This security key is enrolled already: it is not a new one.", {
        hint: "Take it out, plug in the new key, and run `vouch keys add` again.",
        cause: error,
      });
    }
  },
});

/** Says what the new key is left with if it is not added; not if that is unknown. */
async function approveAndFinish<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VouchError && error.code === "outcome_unknown") throw error;
    warn(
      "The new key is not added. What it has made for this server opens nothing: the next `vouch keys add` replaces it, and `vouch keys clean` takes it off.",
    );
    throw error;
  }
}

/**
 * Gets the approval by an enrolled key. A key that is not enrolled, such as the new one, is named, and another one asked
 * for. Throws as `approve`.
 */
async function approveNewKey(timeoutSeconds: number, server: string, options: unknown, deed: Deed) {
  for (let tries = 1; ; tries++) {
    const canAsk = await askToPlugIn("Now plug in a security key that is ENROLLED already and take out the new one");
    try {
      return await approve(timeoutSeconds, server, options, deed);
    } catch (error) {
      if (!canAsk || tries === maxTries || !(error instanceof VouchError) || error.code !== "no_credential")
        throw error;
      announce("That key is not enrolled.");
    }
  }
}

/** Asks for a key before its PIN is asked for. False without a terminal: a key that needs no PIN can still be used. */
async function askToPlugIn(request: string): Promise<boolean> {
  try {
    await promptText(`${request}, then press Enter`);
    return true;
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "usage") throw error;
    announce(`${request}.`);
    return false;
  }
}
