/**
 * The form of CodeArtifact's tokens: an encrypted JWT in compact serialisation (RFC 7516, 7.1). Tokens of other services
 * are signed and not encrypted.
 */

/** A token in a text, as it stands there: in base64 for a part of a Basic authorization. */
export interface FoundToken {
  /** Where its characters are in the text. */
  from: number;
  to: number;
  /** Counted from 1. */
  line: number;
  /** The token itself. */
  token: string;
  /** Whether it has the form of CodeArtifact's tokens. */
  hasForm: boolean;
}

/** The longest header that is decoded, in characters. */
const maxHeader = 4_096;
/** The serialisation has five parts; a text that follows may add some. */
const maxParts = 8;
/** What a token in compact serialisation is made of; disjoint words keep the search linear, whatever the text. */
const compactWord = /[A-Za-z0-9_.-]{60,}/g;
/** How many beginnings of a header are tried in one word. */
const maxBeginnings = 16;
/** Base64 of `eyJ`, and of `aws:ey`. */
const encoded = /(?:ZXlK|YXdzOmV5)[A-Za-z0-9+/_-]{80,}={0,2}/g;

/** Long words without that form: the agent knows if one is a token that it has given out. */
const longWord = /[A-Za-z0-9._~-]{100,8192}/g;

/** Every token in the text, in order. */
export function tokensIn(text: string): FoundToken[] {
  const found: Omit<FoundToken, "line">[] = [];
  if (text.includes("eyJ")) {
    for (const { 0: word, index } of text.matchAll(compactWord)) {
      const span = tokenInWord(word);
      if (span !== undefined)
        found.push({ from: index + span.from, to: index + span.to, token: span.token, hasForm: true });
    }
  }
  if (text.includes("ZXlK") || text.includes("YXdzOmV5")) {
    for (const { 0: word, index } of text.matchAll(encoded)) {
      const token = Buffer.from(word, "base64").toString("latin1").replace(/^aws:/, "");
      if (isToken(token)) found.push({ from: index, to: index + word.length, token, hasForm: true });
    }
  }
  return withLines(
    text,
    found.toSorted((a, b) => a.from - b.from),
  );
}

/** The tokens in the text and, as far as they are none by their form, its long words. */
export function candidatesIn(text: string): FoundToken[] {
  const tokens = tokensIn(text);
  const words = [...text.matchAll(longWord)]
    .map(({ 0: token, index }) => ({ from: index, to: index + token.length, token, hasForm: false }))
    .filter(({ from, to }) => !tokens.some((each) => each.from < to && from < each.to));
  return [...tokens, ...withLines(text, words)];
}

/** Adds to things with a position in the text, in order, the number of their line. */
function withLines<Place extends { from: number }>(
  text: string,
  places: readonly Place[],
): (Place & { line: number })[] {
  let [line, at] = [1, 0];
  return places.map((place) => {
    for (let end = text.indexOf("\n", at); end >= 0 && end < place.from; end = text.indexOf("\n", at)) {
      line += 1;
      at = end + 1;
    }
    return { ...place, line };
  });
}

/** When the token ends at the latest, by its header, which anybody can read; undefined if that does not say it. */
export function endByHeader(token: string): number | undefined {
  const { exp, isu } = headerOf(token) ?? {};
  if (isTime(exp)) return exp;
  return isTime(isu) ? isu + maxTokenSeconds : undefined;
}

/** The longest that CodeArtifact gives a token for, in seconds. */
export const maxTokenSeconds = 12 * 3600;

function tokenInWord(word: string): { from: number; to: number; token: string } | undefined {
  let from = word.indexOf("eyJ");
  for (let tried = 0; from >= 0 && tried < maxBeginnings; tried++, from = word.indexOf("eyJ", from + 1)) {
    // The full stop of a sentence is none of the token's.
    const token = word.slice(from).replace(/\.{1,3}$/, "");
    if (isToken(token)) return { from, to: from + token.length, token };
  }
  return undefined;
}

function isToken(word: string): boolean {
  const parts = word.split(".", maxParts + 1);
  return parts.length >= 5 && parts.length <= maxParts && parts.at(-2) !== "" && headerOf(word)?.["enc"] !== undefined;
}

function headerOf(token: string): Record<string, unknown> | undefined {
  const end = token.indexOf(".");
  if (end < 0 || end > maxHeader) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end), "base64url").toString());
    return typeof header === "object" && header !== null ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds since 1970, from 2014 to 2096. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 1.4e9 && value < 4e9;
}
