/** The security keys of the session's user, as people name them. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes, type SecurityKey } from "../../../agent/protocol.ts";
import { VouchError } from "../../../base/errors.ts";
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import { normalizeKeyName } from "../../../fido/webauthn/key-name.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";

/** A beginning of an id that is shorter than this is taken for a slip. */
const shortestId = 4;

/** The keys in the order in which they were enrolled. Throws `login_needed` and `session_expired` without a session. */
export async function listKeys(): Promise<SecurityKey[]> {
  return (await askAgent(routes.keys, {}, { timeoutMs: agentTimeoutMs })).keys;
}

/** The key's model, else what its USB descriptor says. */
export function modelOfKey({ aaguid, product }: SecurityKey): string {
  return describeKey(aaguid, product ?? undefined);
}

/**
 * The key that is called so, else the one whose id begins so (four characters or more). Throws `credential_not_found`,
 * and `usage` when several ids begin so.
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
