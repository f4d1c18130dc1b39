/**
 * `poetry` in the shims folder: gives poetry the tokens of the configured endpoints in a configuration that it can read
 * once, then becomes the real command. poetry binds a password to the name of a repository, to which a project's files
 * give any URL: so the repository has a name that no project knows, and the endpoint's URL. What poetry starts (build
 * backends, scripts) inherits no token.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { ancestors } from "../../base/process/ancestors.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { endpointTokens } from "../../helper/tokens.ts";
import { deadProxies } from "../python/guard/checked.ts";
import { pluginFolder } from "../plugin-folder.ts";
import { judge } from "../python/guard/judge.ts";
import { mentionsOfProject } from "../python/project/toml-files.ts";
import { uploadToUrl } from "../python/upload.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { parsePoetry, type PoetryCommand } from "./commands.ts";
import { mentionsOfCertificates } from "./certificates.ts";
import { poetryName } from "./config-file.ts";
import { poetryConfigFolder } from "./config-path.ts";
import {
  type BoundRepository,
  configurationWith,
  indexUrl,
  readConfiguration,
  repositoryUrl,
  unguessableName,
} from "./configuration.ts";

/** Becomes the real poetry. Without a session it warns in one line and continues without a token. */
export async function runPoetryShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  const command = parsePoetry(args, process.cwd());
  if (command.asks === undefined || file === undefined) return becomeRealCommand(name, file, args);
  const own = readConfiguration(poetryConfigFolder(process.env));
  // poetry itself says what is wrong with its configuration.
  if (own === undefined) return becomeRealCommand(name, file, args);
  const { repositories, words = args } =
    command.asks === "publish"
      ? await forPublishing(command, own, args)
      : { repositories: await forReading(command, own) };
  if (repositories.length === 0) return becomeRealCommand(name, file, words);
  const text = configurationWith(own, repositories);
  return becomeWithText(file, words, text, (path) => environment(path, repositories));
}

/** The repositories with tokens for a command that reads. Throws `project_untrusted`. */
async function forReading({ folders }: PoetryCommand, own: Record<string, unknown>): Promise<BoundRepository[]> {
  const endpoints = await endpointTokens("pypi");
  if (endpoints.length === 0) return [];
  // What poetry would fetch without TLS: before 2.5 it sends a password there, and later ones cannot install it.
  const files = ["pyproject.toml", "poetry.toml", "poetry.lock"];
  const mentions = folders.flatMap((folder) => [
    ...mentionsOfProject(folder, files),
    ...mentionsOfCertificates(folder, own),
  ]);
  // poetry itself says what is wrong with a file; a wheel that Vouch cannot read may lead elsewhere.
  const { refusal, doubt } = await judge(mentions.filter(({ kind, place }) => kind !== "unknown" || isWheel(place)));
  if (doubt !== undefined) throw doubt;
  if (refusal !== undefined) throw refusal;
  return endpoints.map(({ endpoint, token }) => ({
    name: unguessableName("vouch"),
    url: indexUrl(endpoint, endpoints.length),
    token,
  }));
}

function isWheel(path: string): boolean {
  return /\.whl$/i.test(path);
}

/**
 * The repository to publish to, by a name that the project's files cannot give another URL or other certificates. None if
 * the name that the user has given does not lead to an endpoint.
 */
async function forPublishing(
  { repository, folders, at }: PoetryCommand,
  own: Record<string, unknown>,
  args: string[],
): Promise<{ repositories: BoundRepository[]; words?: string[] }> {
  if (repository === undefined) {
    const publish = { words: ["poetry", ...args], at: at + 1, option: "--repository", format: "pypi" } as const;
    const nameOf = (name: string) => (repositoryUrl(own, name) === undefined ? undefined : name);
    if (!hasOwnCredentials(args, own)) await sayUnnamed(publish, (each) => nameOf(poetryName(each.repository)));
    return { repositories: [] };
  }
  const { value: name, replace } = repository;
  const url = process.env[urlVariable(name)] ?? urlInProject(folders, name) ?? repositoryUrl(own, name);
  const upload = url === undefined ? undefined : await uploadToUrl(url, `poetry's repository ${name}`);
  if (upload === undefined) return { repositories: [] };
  const bound = unguessableName(name.toLowerCase().replaceAll(/[^a-z-]/g, "") || "vouch");
  const certificates = tableOf(own["certificates"])[name];
  const one = { name: bound, ...upload, ...(certificates === undefined ? {} : { certificates }) };
  return { repositories: [one], words: replace(bound) };
}

/** Whether the user has given a password for PyPI, which is where poetry publishes without a name. */
function hasOwnCredentials(args: string[], own: Record<string, unknown>): boolean {
  return (
    args.some((word) => /^(-[nqv]*[up]|--(username|password)(=|$))/.test(word)) ||
    ["pypi-token", "http-basic"].some((key) => tableOf(own[key])["pypi"] !== undefined) ||
    Object.keys(process.env).some((name) => /^POETRY_(PYPI_TOKEN|HTTP_BASIC)_PYPI/.test(name))
  );
}

/** The variable that gives a repository its URL. */
function urlVariable(name: string): string {
  return `POETRY_REPOSITORIES_${name.toUpperCase().replaceAll("-", "_")}_URL`;
}

/** What the project's own files give the name: `poetry.toml`, then the sources of `pyproject.toml`. */
function urlInProject(folders: readonly string[], name: string): string | undefined {
  const folder = ancestors(folders.at(-1)!).find((each) => existsSync(join(each, "pyproject.toml")));
  if (folder === undefined) return undefined;
  const local = repositoryUrl(readTomlFile(join(folder, "poetry.toml")) ?? {}, name);
  if (local !== undefined) return local;
  const poetry = tableOf(tableOf(readTomlFile(join(folder, "pyproject.toml"))?.["tool"])["poetry"]);
  const sources = Array.isArray(poetry["source"]) ? poetry["source"].map(tableOf) : [];
  const url = sources.find((source) => source["name"] === name)?.["url"];
  return typeof url === "string" ? url : undefined;
}

/** The environment with the folder in which poetry finds the file at `path` as its configuration. */
function environment(path: string, repositories: readonly BoundRepository[]): Environment {
  return {
    ...repositoryVariables(repositories),
    POETRY_CONFIG_DIR: pluginFolder("poetry", { "config.toml": { linkTo: path } }),
    // poetry replaces `{http-basic}` in a project's settings by the whole table, unless a variable gives it.
    POETRY_HTTP_BASIC: "not shown",
    ...deadProxies(repositories.flatMap(({ url }) => URL.parse(url)?.hostname ?? [])),
  };
}

/**
 * The environment with our repositories where the user has some in variables: with one such variable poetry knows no
 * repositories of its files. Of two with one host poetry may choose the user's, which has no password.
 */
function repositoryVariables(repositories: readonly BoundRepository[]): Environment {
  const isRepository = /^POETRY_REPOSITORIES_[A-Z_]+_URL/;
  const hosts = new Set(repositories.map(({ url }) => URL.parse(url)?.host));
  const env = { ...process.env };
  const names = Object.keys(env).filter((name) => isRepository.test(name));
  for (const name of names) if (hosts.has(URL.parse(env[name] ?? "")?.host)) delete env[name];
  if (names.length > 0) for (const { name, url } of repositories) env[urlVariable(name)] = url;
  return env;
}
