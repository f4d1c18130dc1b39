/** Initialises the database for `vouch server init`. */
import { VouchError } from "../base/errors.ts";
import { keyMade } from "./signing/rotation.ts";
import { keyMaker, type KeyMaker } from "./signing/signing-key.ts";
import type { ServerConfiguration } from "./store/configuration.ts";
import type { Store } from "./store/store.ts";

/** The audience (client id) for STS that `aws iam create-open-id-connect-provider` registers by convention. */
export const defaultAudience = "sts.amazonaws.com";

/** The next command before `vouch server init`. */
export const initHint = "Run `vouch server init --url https://YOUR-HOST` first.";

/** The server's configuration, of which the URL is the one that its keys are bound to. Throws `settings_missing` before `vouch server init`. */
export async function initialized(store: Store): Promise<ServerConfiguration> {
  const configuration = await store.configuration.load();
  if (configuration) return configuration;
  throw new VouchError("settings_missing", "The database has not been initialised.", { hint: initHint });
}

/**
 * Stores the URL and the audiences, makes the first signing key, and returns the resulting configuration. A repeat
 * with the same URL keeps the key, and the audiences unless others are given. Throws `edit_conflict` for another URL:
 * the enrolled security keys are bound to the host of the first one.
 */
export async function initializeServer(
  store: Store,
  url: string,
  audiences: string[] | undefined,
  now: number,
  maker: KeyMaker = keyMaker(url, undefined),
): Promise<ServerConfiguration> {
  const made = (await store.signingKeys.all()).length === 0 ? await maker.make() : undefined;
  // In one transaction: of several replicas that start with an empty database, one makes the key.
  return await store.transaction(async (tables) => {
    const existing = await tables.configuration.url();
    if (existing !== undefined && existing !== url) {
      throw new VouchError("edit_conflict", `The database belongs to ${existing}, got --url ${url}.`, {
        hint: "Security keys are enrolled for one host name. Give that URL, or another --database.",
      });
    }
    const present = audiences === undefined ? (await tables.configuration.load())?.audiences : audiences;
    const configuration = { url, audiences: present ?? [defaultAudience] };
    if (existing === undefined || audiences) {
      await tables.configuration.save(configuration);
      await tables.record({ event: "initialize", detail: configuration });
    }
    if (made === undefined || (await tables.signingKeys.all()).length > 0) return configuration;
    const key = { ...made, publishedAt: now, signsFrom: now };
    await tables.signingKeys.add(key);
    await tables.record(keyMade(key, false));
    if (made.protection !== undefined) await tables.signingKeys.shutOutOlderPrograms();
    return configuration;
  });
}
