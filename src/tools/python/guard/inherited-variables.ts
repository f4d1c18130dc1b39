/**
 * Variables that a program which reads a project's files has set for those that it starts: hatch and tox take them from
 * their files, uv from `--env-file`. They come before the package manager's own settings.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import type { Asker } from "../../../base/process/calling-processes.ts";
import { type Mention, unverifiedHost, urlsIn } from "../project/mentions.ts";

/** Programs that set variables by a project's file, without running its code. */
const programs = /^(conda|hatch|mamba|micromamba|nox|pdm|pipenv|pipx|pixi|poetry|rye|tox|uv|uvx)$/;

/** Variables about the network and trust of pip, uv and PDM. */
const decisive =
  /^(PIP_(CERT|CLIENT_CERT|PROXY|TRUSTED_HOST|CONFIG_FILE)|UV_(INSECURE_HOST|CONFIG_FILE|SYSTEM_CERTS|NATIVE_TLS)|PDM_(PYPI_VERIFY_SSL|PYPI_CA_CERTS|PUBLISH_CA_CERTS|CONFIG_FILE)|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL|AWS)_CA_BUNDLE|(HTTPS?|ALL|NO)_PROXY|NETRC|HOME|XDG_CONFIG_HOME)$/i;

/** Variables with indexes and links: a URL on a registry's host must be that of a repository that is set up. */
const places =
  /^(PIP_(INDEX_URL|PYPI_URL|EXTRA_INDEX_URL|FIND_LINKS)|UV_(INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS)|PDM_PYPI_URL)$/;

/**
 * The variables that such programs among the ancestors have set for their children. `env` is this process's own
 * environment, `askers` its ancestors, the parent first. Nothing without `/proc`.
 */
export function mentionsOfInherited(askers: readonly Asker[], env: Environment, read = environmentOf): Mention[] {
  let child: Environment | undefined = env;
  return askers.flatMap(({ pid, args }): Mention[] => {
    const own = read(pid);
    const name = programOf(args);
    const changed = !programs.test(name) || own === undefined || child === undefined ? [] : changesOf(own, child);
    child = own;
    return changed.flatMap((variable) => mentionsOf(variable, env[variable] ?? "", `A file that ${name} reads`));
  });
}

function mentionsOf(variable: string, value: string, place: string): Mention[] {
  if (places.test(variable)) return urlsIn(value).map((url) => ({ kind: "url", place: `${place}, ${variable},`, url }));
  if (/_(TRUSTED|INSECURE)_HOST$/i.test(variable)) {
    const hosts = value.split(/[\s,]+/).filter((host) => host !== "");
    return hosts.map((host) => unverifiedHost(host, `${place}, ${variable},`));
  }
  const tool = variable.startsWith("UV_") ? "uv" : variable.startsWith("PDM_") ? "PDM" : "pip";
  return [{ kind: "setting", place, what: variable, tool }];
}

/** The program's name: of a script or module that Python runs, the script's or module's. Other words are arguments. */
function programOf([first = "", ...words]: string[]): string {
  const name = basename(first);
  if (!/^(python|pypy)[\d.]*$/.test(name)) return name;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "-m") return words[index + 1] ?? "";
    if (/^-[WX]$/.test(word)) index++;
    else if (!word.startsWith("-")) return basename(word);
  }
  return name;
}

/** Decisive variables with another value than in the parent. One that was taken away falls back to a safe default. */
function changesOf(parent: Environment, child: Environment): string[] {
  return Object.keys(child).filter(
    (name) => (decisive.test(name) || places.test(name)) && child[name] !== parent[name],
  );
}

/** The environment that a process was started with; undefined if it cannot be seen. */
function environmentOf(pid: number): Environment | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return Object.fromEntries(entries.map((entry) => [entry.split("=")[0]!, entry.slice(entry.indexOf("=") + 1)]));
  } catch {
    return undefined;
  }
}
