/** URLs that name a place and nothing else. */

/**
 * The parsed URL; undefined for text that is none, or that has a user, a query, a fragment, a backslash or a blank: also
 * an empty query or fragment, which parsing hides.
 */
export function plainUrl(text: string): URL | undefined {
  return /[?#\\\s\p{Cc}]|\/\/[^/]*@/u.test(text) ? undefined : (URL.parse(text) ?? undefined);
}
