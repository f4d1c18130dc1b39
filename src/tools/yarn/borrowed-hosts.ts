/**
 * Packages of a project that yarn 1 would fetch, with the token of their registry, from a host that the user's own settings
 * have a credential for: `//packages.example/:_authToken` in ~/.npmrc makes that registry such a host, and a lock
 * file that was written before the user's registry was set up names it for every package.
 */
import { VouchError } from "../../base/errors.ts";
import type { Environment } from "../../base/environment.ts";
import { parseJson, tableOf } from "../../base/json.ts";
import { textOf } from "../npm/guard/files.ts";
import { globalFiles, readSettings } from "../npm/guard/guard.ts";
import { withoutEscapes } from "../npm/guard/other-tools.ts";
import { dirname, join } from "../npm/guard/paths.ts";
import { environmentSettings, parseNpmrc, replaceVariables, type Setting } from "../npm/guard/settings-text.ts";
import { leadsElsewhere } from "./token-destinations.ts";

export interface BorrowedQuestion {
  /** The folder that yarn works in. */
  folder: string;
  /** What a token is for, as HOST/PATH/. */
  addresses: readonly string[];
  /** The user's npm configuration. */
  userConfig: string;
  /** The registries that the shim gives to yarn, as lines of a `.npmrc`. */
  lines: readonly string[];
  env: Environment;
}

/** The first such package, as a sentence for the user; undefined if there is none. */
export function borrowedHost({ folder, addresses, userConfig, lines, env }: BorrowedQuestion): VouchError | undefined {
  const own = readSettings([userConfig, join(env["HOME"] ?? "/", ".npmrc"), ...globalFiles(env)], env);
  const keys = own.filter(({ key }) => /:_(?:authToken|password)/.test(key) && leadsElsewhere(key, addresses));
  const hosts = new Set(
    keys.map(({ key }) => hostOf(`https://${key.slice(0, key.indexOf(":")).replace(/^\/\//, "")}`)),
  );
  // Other repositories of the registry's host are nobody's in a lock file (guard/repositories.ts).
  for (const address of addresses) hosts.delete(hostOf(`https://${address}`));
  if (hosts.size === 0) return undefined;
  const settings = [...environmentSettings(env), ...own, ...parseNpmrc(lines.join("\n"), env)];
  const packages: Fetched[] = [];
  for (let at = folder; ; at = dirname(at)) {
    settings.push(...parseNpmrc(read(at, ".npmrc"), env), ...ofYarnrc(read(at, ".yarnrc"), addresses));
    packages.push(...ofLock(join(at, "yarn.lock")), ...ofManifest(join(at, "package.json")));
    if (at === dirname(at)) break;
  }
  const isOwn = ownRegistry(settings, addresses, env);
  const found = packages.find(({ url, names }) => hosts.has(hostOf(url)) && names.some(isOwn));
  if (found === undefined) return undefined;
  return new VouchError(
    "project_untrusted",
    `yarn gets no token here: ${found.file}: ${found.names[0]} comes from ${hostOf(found.url)}, for which your own .npmrc has a credential: yarn 1 would send the token of your repository there.`,
    {
      hint: "Remove the package's entry from yarn.lock, so that yarn asks your repository for it; or use yarn 4 or npm.",
    },
  );
}

/** A package, by each name that yarn may take for its own, and where it is fetched from. */
interface Fetched {
  file: string;
  names: string[];
  url: string;
}

function ofLock(file: string): Fetched[] {
  let names: string[] = [];
  return withoutEscapes(textOf(file, () => {}) ?? "")
    .split(/\r?\n/)
    .flatMap((line) => {
      if (/^[^\s#]/.test(line)) names = namesIn(line);
      const url = /^\s+"?resolved"?:?\s+"?([^\s"]+)/.exec(line)?.[1];
      return url === undefined ? [] : [{ file, names, url }];
    });
}

/** `"@acme/x@^1.0.0", y@npm:@acme/z@1:` has three names. */
function namesIn(header: string): string[] {
  return [...header.matchAll(/(?:^|[\s",]|npm:)(@?[^\s",:@]+)@?/g)].flatMap(([, name]) => name ?? []);
}

function ofManifest(file: string): Fetched[] {
  const manifest = tableOf(parseJson(textOf(file, () => {}) ?? ""));
  const fields = ["dependencies", "devDependencies", "optionalDependencies", "resolutions"];
  return fields.flatMap((field) =>
    Object.entries(tableOf(manifest[field])).flatMap(([name, url]) =>
      typeof url === "string" && /^https?:/i.test(url) ? [{ file, names: [name.replace(/^.*\*\*\//, "")], url }] : [],
    ),
  );
}

/** Which names yarn asks one of the addresses for, as far as any file says so. */
function ownRegistry(
  settings: readonly Setting[],
  addresses: readonly string[],
  env: Environment,
): (name: string) => boolean {
  const isOurs = (value: string): boolean => {
    const address = `${replaceVariables(value, env)
      .replace(/^(?:https?:)*\/\//i, "")
      .replace(/\/$/, "")}/`;
    return addresses.some((own) => address.toLowerCase().startsWith(own.toLowerCase()));
  };
  const registries = new Map<string, boolean>();
  for (const { key, value } of settings) {
    if (/(?:^|:)registry$/.test(key)) registries.set(key, registries.get(key) === true || isOurs(value));
  }
  return (name) => {
    const scope = /^@[^/]+(?=\/)/.exec(name)?.[0];
    return registries.get(`${scope}:registry`) ?? registries.get("registry") ?? false;
  };
}

/** A `.yarnrc` that names one of the addresses may do so for any package. */
function ofYarnrc(text: string, addresses: readonly string[]): Setting[] {
  const named = addresses.find((address) => withoutEscapes(text).includes(address.replace(/\/$/, "")));
  return named === undefined ? [] : [{ key: "registry", value: `https://${named}` }];
}

function read(folder: string, name: string): string {
  return textOf(join(folder, name), () => {}) ?? "";
}

/** yarn leaves `www.` out where it compares. */
function hostOf(url: string): string {
  return URL.parse(url)?.host.replace(/^www\./, "") ?? "";
}
