/** Tokens are fetched before they are asked for. */
import { serverOf } from "../../settings/servers.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import type { Tokens } from "../tokens/tokens.ts";
import type { Sessions } from "./sessions.ts";

/** Whether the token of a repository, which these tokens lead to, shall be fetched. */
export type Wanted = (repository: RepositorySettings, tokens: Tokens, settings: Settings) => boolean;

/** Fetches the wanted tokens of all repositories that a session leads to. One that fails is asked for when it is needed. */
export async function fetchAhead(settings: Settings, sessions: Sessions, wanted: Wanted): Promise<void> {
  const fetched = settings.repositories.map(async (repository) => {
    const tokens = sessions.at(serverOf(repository.profile, settings), settings)?.tokens;
    if (tokens && wanted(repository, tokens, settings)) await tokens.token(repository, settings);
  });
  await Promise.allSettled(fetched);
}
