/** `vouch keys add`: enrols another security key for the same user. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { KeyAddFinishRequest, KeyAddStartRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { agentTimeoutMs, isEnrolledAlready, makeKey, nameArg, parseKeyName, timeoutArg } from "../../key/ceremony.ts";
import { checkWritable } from "../../../base/system/atomic-write.ts";
import { loadSettings, settingsPath } from "../../../settings/settings.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { rememberServer } from "../known-server.ts";
import { announce, promptText } from "../../terminal/prompt.ts";
import { note, success } from "../../terminal/terminal.ts";
import { approve } from "./approve.ts";
import { modelOfKey } from "./own-keys.ts";

export const add = defineCommand({
  meta: { name: "add", description: "Make another security key known, so that you can log in with either." },
  args: { ...nameArg, ...forArg, ...timeoutArg },
  teaching: {
    details: [
      "You need a session, and a key that is enrolled: its PIN and a touch prove that it is you. Then plug in the new key, alone: its PIN is asked for, and it waits for a touch. One USB port is enough. No enrolment code is needed.",
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
    const start: KeyAddStartRequest = { ...at, ...named };
    const {
      ceremony,
      options,
      approval: approvalOptions,
      server,
    } = await askAgent(routes.keyAddStart, start, {
      timeoutMs: agentTimeoutMs,
    });
    const approval = await approve(timeoutSeconds, server, approvalOptions, { purpose: "approve-add" });
    await askForNewKey();
    try {
      const made = await makeKey(timeoutSeconds, server, options, { purpose: "add-key" });
      const request: KeyAddFinishRequest = { ...at, ceremony, approval, ...made, ...named };
      const { key } = await askAgent(routes.keyAddFinish, request, { timeoutMs: agentTimeoutMs });
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

/** Prompts to swap the approving key for the new one, before the new key's PIN prompt. */
async function askForNewKey(): Promise<void> {
  const request = "Plug in the NEW security key and take out the others";
  try {
    await promptText(`${request}, then press Enter`);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "usage") throw error;
    // Without a terminal, announce only: a key that needs no PIN can still be added.
    announce(`${request}.`);
  }
}
