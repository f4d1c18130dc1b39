/** Whether an index is the user's own, from the settings file, if there is no agent to ask. */
import { findRegistry } from "../../../settings/registries.ts";
import { loadSettings } from "../../../settings/settings.ts";

/** Whether the URL lies in an endpoint of the settings. Throws as `loadSettings`. */
export function isConfiguredIndex(url: string): boolean {
  return findRegistry(loadSettings(), url, "cargo") !== undefined;
}
