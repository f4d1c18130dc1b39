/** What a project's data tells a Python package manager about hosts, before judge.ts judges it. */

export interface Mention {
  /**
   * `url`: a URL. `unverified`: a host whose certificate is not checked (as `https://HOST/`, so that it can be judged
   * as a URL). `secret`: a variable with a token, expanded in this URL or, without one, elsewhere. `setting`: a setting
   * that affects network or trust. `elsewhere`: a URL whose answers name others, which the tool follows with the
   * password of their host. `unknown`: something that only the package manager can read.
   */
  kind: "url" | "unverified" | "secret" | "setting" | "elsewhere" | "unknown";
  /** Position: a file and its line, or the option. */
  place: string;
  /** Without user information, query and fragment. */
  url?: string;
  /** The URL of a requirement (`NAME @ URL`) in `pyproject.toml`, which pip fetches. */
  isDirect?: boolean;
  /** The variable's or setting's name, or why it is unknown. */
  what?: string;
  /** Whose setting it is; pip's if absent. */
  tool?: "pip" | "uv" | "PDM";
}

/** The tokens in the environment: their values, and the variables whose values contain one. */
export interface Secrets {
  values: string[];
  variables: Set<string>;
}

/** Longer than any scheme. */
const maxScheme = 64;

/**
 * URLs in a text; tabs and line ends are removed first, as in Python's `urlsplit`. The scheme is looked for from its end:
 * from each of its possible beginnings it would take the square of the text's length.
 */
export function urlsIn(text: string): string[] {
  const plain = text.replace(/[\t\r\n]/g, "");
  return [...plain.matchAll(/:\/\/[^\s"'<>]*/g)].flatMap(({ 0: rest, index }) => {
    const scheme = /[a-z][a-z0-9+.-]*$/i.exec(plain.slice(Math.max(0, index - maxScheme), index))?.[0];
    return scheme === undefined ? [] : [placeOf(scheme + rest)];
  });
}

/** The URL without user information, query and fragment. */
export function placeOf(url: string): string {
  const [, scheme = "", authority = "", path = ""] = /^([^:]+:\/\/)([^/?#]*)([^?#]*)/.exec(url) ?? [];
  // With a backslash, parsers disagree about the host: the whole text is judged.
  const host = authority.includes("\\") ? authority : authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}${host}${path}`;
}

/** The host of `--trusted-host` and similar options as a URL: `HOST`, `HOST:PORT`, or anything else in its place. */
export function unverifiedHost(value: string, place: string): Mention {
  const host = value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/[/?#].*$/s, "");
  return { kind: "unverified", place, url: `https://${host}/` };
}
