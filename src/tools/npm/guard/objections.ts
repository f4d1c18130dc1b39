/** What prevents a token, and the words for it. */
import type { Found } from "./addresses.ts";
import { reasonOf } from "./trust.ts";

/** A setting or URL that prevents a token. */
export interface Objection {
  file: string;
  key: string;
  why: string;
  /** Other advice than to remove it. */
  hint?: string;
}

/** A setting that the project may not decide. */
export function refusal(file: string, key: string): Objection {
  return { file, key, why: reasonOf(key) };
}

/** A URL that leads to the registry's host in an unsafe way. */
export function unsafeAddress(file: string, { key, url }: Found): Objection {
  return { file, key: key || "an address", why: whyUnsafe(url) };
}

/** A URL that leads to a repository of the host that no token is for. */
export function otherRepository(file: string, { key, url }: Found): Objection {
  return {
    file,
    key: key || url,
    why: "leads to another repository of a host that gets the token",
    hint: "If it is yours too: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`. Else remove it there.",
  };
}

/** What is unsafe about the URL, to follow its place in a message. */
export function whyUnsafe(url: string): string {
  if (!/^https/i.test(url)) return "leads to the registry by plain http";
  return URL.parse(url)?.hostname.endsWith(".")
    ? "leads to the registry's host with a dot at the end of its name"
    : "leads to another port of the registry's host";
}
