/** Creates the agent's runtime folder. */
import { mkdirSync } from "node:fs";
import { VouchError } from "../../base/errors.ts";
import { lstat } from "../wire/client.ts";
import { agentFolder, checkAgentFolder, guestMark } from "../wire/socket.ts";

/** Throws `access_denied` where the agent of this environment runs on another machine: none is started in its place. */
export function checkOwnAgent(): void {
  const folder = agentFolder(lstat);
  if (lstat(`${folder}/${guestMark}`) === undefined) return;
  const message = `No agent is started in ${folder}: it is a guest's folder, whose agent runs on another machine.`;
  throw new VouchError("access_denied", message, {
    hint: "Log in there, with the security key: `vouch login`. This machine then gets its read tokens.",
  });
}

/** Creates the folder, mode 0700, if it is missing, and checks it. Throws `agent_untrusted`, `file_error`. */
export function createAgentFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // If something else has the name, the checks below report it.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new VouchError(
        "file_error",
        `The agent's folder ${folder} cannot be created: ${(error as Error).message}.`,
        { hint: "Set VOUCH_RUNTIME_DIR to a folder that you may write to.", cause: error },
      );
    }
  }
  checkAgentFolder(lstat, folder);
}
