/** Creates the agent's runtime folder. */
import { mkdirSync } from "node:fs";
import { VouchError } from "../../base/errors.ts";
import { lstat } from "../wire/client.ts";
import { checkAgentFolder } from "../wire/socket.ts";

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
