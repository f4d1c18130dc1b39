/** The names that AWS lists, for a person to choose from. */
import type { RegionRequest } from "../../aws/codeartifact-call.ts";
import type { Listing } from "../../aws/codeartifact-names.ts";
import { VouchError } from "../../base/errors.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Tokens } from "./tokens.ts";

/** `refused`: why the role may not list them. That it cannot be assumed is an error. */
type Names<Item> = Listing<Item> & { refused?: string };

/** Asks by the role of the settings, in the region. Throws as `Tokens.token`. */
export async function listNames<Item>(
  tokens: Tokens,
  region: string,
  settings: Settings,
  list: (call: RegionRequest) => Promise<Listing<Item>>,
): Promise<Names<Item>> {
  return tokens.askCodeArtifact({ region }, settings, async (call) => {
    try {
      return await list(call);
    } catch (error) {
      if (!(error instanceof VouchError) || error.code !== "access_denied") throw error;
      return { items: [], isCut: false, refused: error.message };
    }
  });
}
