/** Names of what a person has, for the completion scripts: one a line, none where they are not to be had. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import { printable } from "../../../base/words/printable.ts";
import { loadSettings } from "../../../settings/settings.ts";
import type { OwnNames } from "./words.ts";

/** A person waits behind Tab. */
const timeoutMs = 3_000;

const sources = {
  keys: async () => (await askAgent(routes.keys, {}, { timeoutMs })).keys.map(({ name }) => name),
  guests: async () => Object.keys(loadSettings().guests ?? {}),
} satisfies Record<OwnNames, () => Promise<string[]>>;

export function isOwnNames(word: string): word is OwnNames {
  return Object.hasOwn(sources, word);
}

/** The names, each on one line. Errors are ignored: the command itself reports them. */
export async function ownNames(of: OwnNames): Promise<string[]> {
  return sources[of]().then(
    (names) => names.map(printable),
    () => [],
  );
}
