/** Which profile a command uses. */
import { VouchError } from "../../base/errors.ts";
import { profileNamed } from "../../settings/roles.ts";
import { profileOfFolder } from "../../settings/profile-folders.ts";
import type { Settings } from "../../settings/settings.ts";

interface Choice {
  /** By its flag. */
  profile?: string;
  /** By VOUCH_PROFILE. */
  profileVariable?: string;
  /** The folder that the command is started in, absolute. */
  folder?: string;
}

/**
 * The name of the profile: by its flag, else by VOUCH_PROFILE, else by the folder; undefined if none is chosen. A
 * variable may come from a project's file (a tool that reads `.env`), so it chooses no other profile in a folder that
 * the settings give to one. Throws `project_untrusted`, `settings_missing`, `settings_invalid`.
 */
export function chosenProfile({ profile, profileVariable, folder }: Choice, settings: Settings): string | undefined {
  const byFolder = profile === undefined && folder !== undefined ? profileOfFolder(folder, settings) : undefined;
  if (profileVariable !== undefined && byFolder !== undefined && profileVariable !== byFolder) {
    throw new VouchError(
      "project_untrusted",
      `VOUCH_PROFILE names the profile ${profileVariable}, but this folder belongs to the profile ${byFolder}.`,
      { hint: `Unset VOUCH_PROFILE, or say \`--profile ${profileVariable}\`, which no file of a project can.` },
    );
  }
  const name = profile ?? profileVariable ?? byFolder;
  if (name !== undefined) profileNamed(name, settings);
  return name;
}
