import { VouchError } from "../../../base/errors.ts";
import type { Store } from "../../store/store.ts";

/** Returns the server's URL, which its keys are bound to. Throws `settings_missing` before `vouch server init`. */
export async function issuerOf(store: Store): Promise<string> {
  const configuration = await store.configuration.load();
  if (configuration) return configuration.url;
  throw new VouchError("settings_missing", "The database has not been initialised.", {
    hint: "Run `vouch server init --url https://YOUR-HOST` first.",
  });
}
