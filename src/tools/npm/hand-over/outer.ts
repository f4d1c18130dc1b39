/** What the shim of an outer npm has left in the environment: the file that could be read once, and has been. */
import type { Environment } from "../../../base/environment.ts";
import { inheritedAt } from "../../../helper/inherited-file.ts";
import { wasVouch } from "../../../helper/real-command.ts";

/** What npm's name for its global configuration file is in the environment. */
export const globalConfigVariable = "npm_config_globalconfig";

/** The user's own value of that variable while ours stands in its place. */
export const ownGlobalConfigVariable = "VOUCH_NPM_GLOBALCONFIG";

/**
 * The environment as it was before an outer shim. What a program between the two (a version manager's shim) has not read
 * is taken out of the pipe, for nobody else to find.
 */
export async function withoutOuter(env: Environment): Promise<Environment> {
  const left = Object.keys(env).filter(
    (name) => name.toLowerCase() === globalConfigVariable && inheritedAt(env[name]) !== undefined,
  );
  if (left.length === 0) return env;
  const { [ownGlobalConfigVariable]: own, ...rest } = env;
  for (const name of left) {
    await emptyPipe(inheritedAt(env[name])!);
    delete rest[name];
  }
  return own === undefined ? rest : { ...rest, [globalConfigVariable]: own };
}

/** Whether `vouch exec` has started this shim, with tokens in variables: that is what was asked for. */
export function isOfExec(env: Environment): boolean {
  return wasVouch(env) && Object.keys(env).some((name) => name.startsWith("npm_config_//"));
}

/** Reads a pipe to its end, and closes it for the program that this process becomes. Ignores what is no pipe. */
export async function emptyPipe(descriptor: number): Promise<void> {
  const { closeSync, constants, fstatSync, openSync, readSync } = await import("node:fs");
  try {
    if (!fstatSync(descriptor).isFIFO()) return;
    const reader = openSync(`/dev/fd/${descriptor}`, constants.O_RDONLY | constants.O_NONBLOCK);
    const chunk = new Uint8Array(65_536);
    while (readSync(reader, chunk) > 0) chunk.fill(0);
    closeSync(reader);
    closeSync(descriptor);
  } catch {
    // It is not inherited, or somebody else's.
  }
}
