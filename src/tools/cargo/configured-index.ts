/** Which indexes are the user's own, where there is no agent to ask: from the settings file. */
import { findRegistry } from "../../settings/registries.ts";
import { loadSettings } from "../../settings/settings.ts";

/** Whether the URL lies in an endpoint that the settings name. Throws as `loadSettings`. */
export function isConfiguredIndex(url: string): boolean {
  return findRegistry(loadSettings(), url, "cargo") !== undefined;
}
