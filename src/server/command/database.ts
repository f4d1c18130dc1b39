/** The `--database` option that every `vouch server` command has. */
import { homedir } from "node:os";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { databaseFailure } from "../store/failure.ts";
import { openStore, type Store } from "../store/store.ts";

export const databaseArg = {
  database: {
    type: "string",
    description:
      "Where the server keeps its data. Default: $VOUCH_DATABASE, else sqlite:~/.local/state/vouch/server.db.",
    valueHint: "sqlite:PATH",
  },
} as const;

/** Returns the database URL: the option, else the environment, else the default path. */
export function databaseUrl(option: string | undefined): string {
  const state = process.env["XDG_STATE_HOME"];
  const folder = state?.startsWith("/") ? state : join(homedir(), ".local", "state");
  return option ?? process.env["VOUCH_DATABASE"] ?? `sqlite:${join(folder, "vouch", "server.db")}`;
}

/** Returns the current time in seconds since 1970. */
export function currentTime(): number {
  return Math.floor(Date.now() / 1000);
}

/** Opens the database, runs `work` and closes the database again. Throws as `openStore`, and `file_error`. */
export async function withStore<Result>(
  option: string | undefined,
  create: boolean,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(databaseUrl(option), { create, now: currentTime() });
  try {
    return await work(store);
  } catch (error) {
    const reason = databaseFailure(error);
    if (reason === undefined) throw error;
    const path = databaseUrl(option).replace(/^sqlite:(\/\/)?/, "");
    throw new VouchError("file_error", `The database ${path} cannot be used: ${reason}.`, {
      hint: "Check what else uses the database, its permissions and the space on the disk; then try again.",
      cause: error,
    });
  } finally {
    await store.close();
  }
}
