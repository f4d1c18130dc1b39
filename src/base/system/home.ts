/** The user's home folder. */
import { homedir } from "node:os";
import type { Environment } from "../environment.ts";
import { VouchError } from "../errors.ts";

/**
 * The user's home folder: HOME, else from the system's user database. Throws `file_error` if neither has it, as in a
 * container with an unlisted user id.
 */
export function homeFolder(env: Environment = process.env): string {
  if (env["HOME"]) return env["HOME"];
  try {
    return homedir();
  } catch (error) {
    throw new VouchError(
      "file_error",
      "This user has no home folder: HOME is not set, and the system does not know one.",
      {
        hint: "Set HOME, or name the settings file in VOUCH_CONFIG.",
        cause: error,
      },
    );
  }
}
