/** Lists the security keys of the session's user and finds them by name or id prefix. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { SecurityKey } from "../../../agent/wire/reply-parts.ts";
import { VouchError } from "../../../base/errors.ts";
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import { normalizeKeyName } from "../../../fido/webauthn/key-name.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";

/** The argument that `findKey` reads. */
export const keyArg = {
  key: { type: "positional", valueHint: "KEY", description: "Its name, or the beginning of its id.", required: true },
} as const;

/** What tells whether a change was made whose answer was lost. */
export const listShows = "`vouch keys list` shows it.";

/** Minimum length of an id prefix; a shorter one is probably a typing error. */
const shortestId = 4;

/** Returns the keys in order of enrolment. Throws `login_needed` and `session_expired` without a session. */
export async function listKeys(at: { server?: string }): Promise<SecurityKey[]> {
  return (await askAgent(routes.keys, at, { timeoutMs: agentTimeoutMs })).keys;
}

/** Returns the key's model: the proved one, else that by its AAGUID, else the product name from its USB descriptor. */
export function modelOfKey({ aaguid, product, proof }: SecurityKey): string {
  return proof?.model ?? describeKey(aaguid, product ?? undefined);
}

/**
 * Finds a key by its name, else by an id prefix of at least four characters. Throws `credential_not_found`, and
 * `usage` for an ambiguous prefix.
 */
export function findKey(keys: readonly SecurityKey[], text: string): SecurityKey {
  const named = keys.find(({ name }) => name === (normalizeKeyName(text) ?? text));
  if (named) return named;
  const begun = text.length < shortestId ? [] : keys.filter(({ id }) => id.startsWith(text));
  const [key, other] = begun;
  if (key && !other) return key;
  if (other) {
    throw new VouchError("usage", `The ids of several of your security keys begin with "${text}".`, {
      hint: `Give a name (${names(begun)}) or more of the id.`,
    });
  }
  throw new VouchError("credential_not_found", `You have no security key "${text}".`, {
    hint: `You have ${names(keys)}; \`vouch keys list\` shows more of them.`,
  });
}

function names(keys: readonly SecurityKey[]): string {
  return keys.map(({ name }) => `"${name}"`).join(", ");
}
