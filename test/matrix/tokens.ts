/** Looks for the sandbox's tokens in files, as they are and as Basic authentication has them. */
import { filesContaining } from "../binary/disk.ts";
import { holdsToken } from "../binary/hostile/listener.ts";

/** The files below the folder that hold a token of the sandbox or a role's credentials. */
export function filesWithToken(folder: string): string[] {
  return filesContaining(folder, { test: (text) => holdsToken(text) || /\bASIA[A-Z0-9]{12,}/.test(text) });
}
