/** Creates the agent's runtime folder, and the one for what shims leave. Shims load this file: no request is made here. */
import { accessSync, constants, mkdirSync } from "node:fs";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import * as runtime from "../wire/runtime.ts";
import { agentFolder, checkAgentFolder, checked, guestMark, stateFolder } from "../wire/socket.ts";
import { whyUnwritten } from "./private-file.ts";

const lstat = checked(runtime.lstat);

/** The hint where the agent that answers runs on another machine. */
export const logInElsewhere =
  "Log in there, with the security key: `vouch login`. This machine then gets its read tokens.";

/** Throws `access_denied` where the agent of this environment runs on another machine: none is started in its place. */
export function checkOwnAgent(): void {
  const folder = agentFolder(lstat);
  if (lstat(`${folder}/${guestMark}`) === undefined) return;
  const message = `No agent is started in ${folder}: it is a guest's folder, whose agent runs on another machine.`;
  throw new VouchError("access_denied", message, {
    hint: logInElsewhere,
  });
}

/** Creates the folder, mode 0700, if it is missing, and checks it. Throws `agent_untrusted`, `file_error`. */
export function createAgentFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // If something else has the name, the checks below report it.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new VouchError("file_error", `The agent's folder ${folder} cannot be created: ${whyUnwritten(error)}.`, {
        hint: "Set VOUCH_RUNTIME_DIR to a folder that you may write to.",
        cause: error,
      });
    }
  }
  checkAgentFolder(lstat, folder);
}

/**
 * Creates and checks the folder of `stateFolder`, and returns its path. Where that cannot be written, as in a container
 * with a read-only home folder, it is `/tmp/vouch-UID`, unless the variable names it. Throws as `createAgentFolder`.
 */
export function createStateFolder(env: Environment = process.env): string {
  const folder = stateFolder(lstat, env);
  try {
    createAgentFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    const isNamed = folder !== agentFolder(lstat, { ...env, VOUCH_RUNTIME_DIR: undefined });
    if (isNamed || (error instanceof VouchError && error.code !== "file_error")) throw error;
    const temporary = `/tmp/vouch-${process.geteuid!()}`;
    createAgentFolder(temporary);
    return temporary;
  }
}
