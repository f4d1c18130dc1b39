/** The user's home folder. */
import { homedir } from "node:os";
import { VouchError } from "../errors.ts";

type Environment = Record<string, string | undefined>;

/**
 * The user's home folder: HOME, else what the system's user database says. Throws `file_error` when neither knows it, as
 * in a container that runs as a user of its own.
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
