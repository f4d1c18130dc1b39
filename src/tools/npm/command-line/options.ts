/**
 * npm's options, as far as they decide which argument is the command: definitions of npm 9 to 12 (@npmcli/config), by
 * their type in nopt. `@11-12`: only in these versions.
 */
export const versions = [9, 10, 11, 12] as const;
export type NpmVersion = (typeof versions)[number];

/**
 * boolean: consumes `true` or `false` as its value. nullable: also `null`. color, browser: see arguments.ts. string:
 * consumes the next argument unless it begins with a dash. text, value: consume the next argument; text also after
 * `--no-`.
 */
export type OptionKind = "boolean" | "nullable" | "color" | "browser" | "string" | "text" | "value";

const names: Readonly<Record<OptionKind, string>> = {
  boolean:
    "all allow-same-version allow-scripts-pending@11-12 allow-scripts-pin@11-12 allow-unused-patches@12 audit bin-links " +
    "bypass-2fa@11-12 commit-hooks dangerously-allow-all-scripts@11-12 description dev diff-ignore-all-space " +
    "diff-name-only diff-no-prefix diff-text dry-run engine-strict force foreground-scripts format-package-lock fund " +
    "git-tag-version global global-style if-present ignore-existing@12 ignore-extension@12 ignore-patch-failures@12 " +
    "ignore-scripts include-attestations@11-12 include-staged include-workspace-root init-private@11-12 install-links " +
    "json keep-edit-dir@12 legacy-bundling legacy-peer-deps link long offline omit-lockfile-registry-resolved " +
    "package-lock package-lock-only packages-all@11-12 parseable prefer-dedupe prefer-offline prefer-online progress " +
    "provenance read-only rebuild-bundle save save-bundle save-dev save-exact save-optional save-peer save-prod " +
    "shrinkwrap@9-11 sign-git-commit sign-git-tag strict-allow-scripts@11-12 strict-npmrc@12 strict-peer-deps " +
    "strict-ssl timing unicode update-notifier usage version versions workspaces-update",
  nullable: "expect-results@10-12 optional production workspaces yes",
  color: "color",
  browser: "browser",
  string:
    "call diff-dst-prefix diff-src-prefix editor git heading init-author-email init-author-name init-license " +
    "init-type@11-12 init.author.email init.author.name init.license message pack-destination patches-dir@12 preid " +
    "save-prefix scope searchexclude searchopts shell tag tag-version-prefix user-agent viewer",
  text:
    "_auth allow-scripts@11-12 ca cert ci-name@9 cidr cpu diff key libc@10-12 min-release-age-exclude@11-12 name@11-12 " +
    "node-options noproxy orgs@11-12 os otp package packages@11-12 password@11-12 replace-registry-host " +
    "scopes@11-12 script-shell to@12 token-description@11-12 workspace",
  value:
    "access allow-directory@11-12 allow-file@11-12 allow-git@11-12 allow-remote@11-12 also audit-level " +
    "auth-type before cache cache-max cache-min cafile depth diff-unified edit-dir@12 " +
    "expect-result-count@10-12 expires@11-12 extension-file@12 fetch-retries fetch-retry-factor " +
    "fetch-retry-maxtimeout fetch-retry-mintimeout fetch-timeout global-ignore-file@12 globalconfig " +
    "https-proxy include init-author-url init-module init-version init.author.url init.module init.version " +
    "install-strategy local-address location lockfile-version loglevel logs-dir logs-max maxsockets " +
    "min-release-age@11-12 node-gyp@11-12 omit only orgs-permission@11-12 packages-and-scopes-permission@11-12 " +
    "prefix provenance-file proxy registry sbom-format sbom-type searchlimit searchstaleness tmp@9 umask " +
    "userconfig which",
};

/** Aliases and short options, with the option they mean. */
export const shorthands: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (
    "enjoy-by:--before d:--loglevel,info dd:--loglevel,verbose ddd:--loglevel,silly quiet:--loglevel,warn " +
    "q:--loglevel,warn s:--loglevel,silent silent:--loglevel,silent verbose:--loglevel,verbose desc:--description " +
    "help:--usage local:--no-global n:--no-yes no:--no-yes porcelain:--parseable readonly:--read-only reg:--registry " +
    "iwr:--include-workspace-root a:--all c:--call f:--force g:--global L:--location l:--long m:--message p:--parseable " +
    "C:--prefix S:--save B:--save-bundle D:--save-dev E:--save-exact O:--save-optional P:--save-prod ?:--usage H:--usage " +
    "h:--usage v:--version w:--workspace ws:--workspaces y:--yes"
  )
    .split(" ")
    .map((entry) => {
      const colon = entry.indexOf(":");
      return [entry.slice(0, colon), entry.slice(colon + 1).split(",")];
    }),
);

/** A name that some versions of npm know. */
export interface Known {
  name: string;
  first: number;
  last: number;
}

/** Splits a list of names, each with `@FIRST-LAST` or `@VERSION` where not every version knows it. */
export function readList(list: string): Known[] {
  return list.split(" ").map((entry) => {
    const at = entry.indexOf("@");
    if (at < 0) return { name: entry, first: 0, last: Infinity };
    const [first, last] = entry.slice(at + 1).split("-");
    return { name: entry.slice(0, at), first: Number(first), last: Number(last ?? first) };
  });
}

/** Whether that version of npm knows the option. */
export function isKnown({ first, last }: Known, version: NpmVersion): boolean {
  return version >= first && version <= last;
}

let table: Map<string, Known & { kind: OptionKind }> | undefined;

/** All options by their names; made when the first one is looked up, because most command lines have few. */
function allOptions(): Map<string, Known & { kind: OptionKind }> {
  if (table !== undefined) return table;
  table = new Map();
  for (const kind of Object.keys(names) as OptionKind[]) {
    for (const known of readList(names[kind])) table.set(known.name, { ...known, kind });
  }
  return table;
}

/** The kind of the option with this full name; undefined if the version has none. */
export function kindOf(name: string, version: NpmVersion): OptionKind | undefined {
  const option = allOptions().get(name);
  return option !== undefined && isKnown(option, version) ? option.kind : undefined;
}

/** The names of one version's options. */
export function optionNames(version: NpmVersion): string[] {
  return [...allOptions().values()].filter((option) => isKnown(option, version)).map(({ name }) => name);
}

/** The one name that the word is, or begins (npm's `abbrev`); undefined if there is none, or more than one. */
export function abbreviated(word: string, list: readonly string[]): string | undefined {
  if (word === "") return undefined;
  if (list.includes(word)) return word;
  const [found, ...others] = new Set(list.filter((name) => name.startsWith(word)));
  return others.length === 0 ? found : undefined;
}
