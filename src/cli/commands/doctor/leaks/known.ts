/** Asks the agent which of the texts that were found are tokens that it has given out. Only fingerprints are sent. */
import { routes } from "../../../../agent/protocol.ts";
import { askAgent } from "../../../../agent/wire/client.ts";
import { tokenFingerprint } from "../../../../base/token-fingerprint.ts";

/** As many as one request takes, and in all. */
const perRequest = 5_000;
const maxCandidates = 50_000;

/** The expiration (seconds since 1970) by token of those that the agent knows. Throws as `askAgent`. */
export async function knownTokens(candidates: Iterable<string>): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  const texts = [...new Set(candidates)].slice(0, maxCandidates);
  if (texts.length === 0) return known;
  const { salt } = await askAgent(routes.fingerprints, { fingerprints: [] });
  for (let at = 0; at < texts.length; at += perRequest) {
    const byFingerprint = new Map(
      texts.slice(at, at + perRequest).map((text) => [tokenFingerprint(salt, text), text] as const),
    );
    const reply = await askAgent(routes.fingerprints, { fingerprints: [...byFingerprint.keys()] });
    for (const { fingerprint, expiration } of reply.known) {
      const text = byFingerprint.get(fingerprint);
      if (text !== undefined) known.set(text, expiration);
    }
  }
  return known;
}
