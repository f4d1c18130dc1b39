/**
 * Doctor's checks of pip: whether index-url and keyring-provider of its files lead to a configured repository and to
 * our keyring.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { findOnPath } from "../../base/system/path.ts";
import type { IniOption } from "../../editing/configparser.ts";
import { shimsFolder } from "../shims.ts";
import { oldPip, pipVersion } from "./version.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";
import { readIniFile, readSmallFile, type Setting } from "../checks/small-files.ts";
import { failure, type Finding, ok, type Machine, warning } from "../checks/finding.ts";

/** The files that pip reads, by ascending precedence: global, user, virtual environment, PIP_CONFIG_FILE. */
export function pipFiles({ env, home }: Machine): string[] {
  const own = env["PIP_CONFIG_FILE"];
  if (own === "/dev/null") return [];
  const config = env["XDG_CONFIG_HOME"]?.startsWith("/") ? env["XDG_CONFIG_HOME"] : join(home, ".config");
  return [
    "/etc/xdg/pip/pip.conf",
    "/etc/pip.conf",
    ...(process.platform === "darwin"
      ? ["/Library/Application Support/pip/pip.conf", join(home, "Library/Application Support/pip/pip.conf")]
      : []),
    join(home, ".pip/pip.conf"),
    join(config, "pip/pip.conf"),
    ...(env["VIRTUAL_ENV"] ? [join(env["VIRTUAL_ENV"], "pip.conf")] : []),
    ...(own ? [own] : []),
  ];
}

/** The settings for `pip install`, by ascending precedence: [install] overrides [global] in every file. */
function pipSettings(machine: Machine): Setting[] {
  const options = pipFiles(machine).flatMap((path) =>
    (readIniFile(path)?.options ?? []).map((option) => ({ option, path })),
  );
  return ["global", "install"].flatMap((section) =>
    options.filter(({ option }) => option.section === section).flatMap(({ option, path }) => settingsOf(option, path)),
  );
}

/** One setting per line of the value: pip takes several URLs, one on a line. */
function settingsOf({ name, value, from }: IniOption, path: string): Setting[] {
  const key = name.replaceAll("_", "-").replace(/^--/, "");
  return value.split("\n").flatMap((text, index) =>
    text
      .trim()
      .split(/\s+/)
      .flatMap((word) => (word === "" ? [] : [{ key, value: word, path, line: from + index + 1 }])),
  );
}

/** Findings on pip's indexes and on the program that it asks for tokens. */
export function checkPip(machine: Machine): Finding[] {
  const { settings, env } = machine;
  const found = pipSettings(machine);
  const lastOf = (key: string): Setting | undefined => found.findLast((setting) => setting.key === key);
  const index = lastOf("index-url");
  const urls = [...(index ? [index] : []), ...found.filter(({ key }) => key === "extra-index-url")];
  const findings = [...unreadable(machine), ...urls.flatMap((setting) => checkUrl(setting, machine))];
  const first = settings.repositories.find(({ files }) => files?.["pip"] !== undefined);
  if (!first) return findings;
  if (!urls.some(({ value }) => classify(value, "pypi", settings).kind === "configured")) {
    const where = index
      ? `pip's index-url is ${withoutSecrets(index.value)} (${index.path}:${index.line}), not your repository.`
      : "No pip.conf names a repository that Vouch is set up for: pip asks the public index.";
    findings.push(failure("pip-index", where, setupCommand(first, "pip")));
  }
  findings.push(...checkVersion(machine));
  const provider = env["PIP_KEYRING_PROVIDER"] || lastOf("keyring-provider")?.value;
  if (provider !== "subprocess") {
    findings.push(
      failure(
        "pip-keyring-provider",
        `pip's keyring-provider is ${provider ?? "not set"}, expected subprocess: pip does not ask Vouch for the token.`,
        env["PIP_KEYRING_PROVIDER"] ? "unset PIP_KEYRING_PROVIDER" : setupCommand(first, "pip"),
      ),
    );
  }
  return findings;
}

/** For which URLs the pip on PATH asks Vouch, and whether the project has others. */
function checkVersion(machine: Machine): Finding[] {
  const { env, settings } = machine;
  const pip = pipVersion(env);
  const old = pip && oldPip(env, pip);
  if (old) return [failure("pip-version", old.found, old.remedy)];
  if (pip === undefined || pip.asksWithoutUserName) return [];
  const remedy =
    "Put `aws@` before the host (`https://aws@…`), or `python -m pip install --upgrade pip` (26.2 or later).";
  const bare = bareUrlsOf(machine).filter(({ value }) => classify(value, "pypi", settings).kind === "configured");
  if (bare.length > 0) {
    return bare.map(({ value, path, line }) =>
      failure(
        "pip-version",
        `${path}:${line} names ${withoutSecrets(value)} without a user name: pip ${pip.version} asks nobody for it.`,
        remedy,
      ),
    );
  }
  const program = findOnPath("pip", env);
  const isShim = program !== undefined && dirname(program) === shimsFolder(env);
  if (isShim) return [ok("pip-version", `pip ${pip.version} asks Vouch for URLs with a user name; the shim adds it.`)];
  const found = `pip ${pip.version} (${program ?? "pip3"}) asks Vouch for URLs with a user name only: a bare --index-url of yours would be asked for a password.`;
  return [warning("pip-version", found, remedy)];
}

/** The URLs without user information in the requirements files of the current folder. */
function bareUrlsOf({ cwd }: Machine): Setting[] {
  let names: string[];
  try {
    names = readdirSync(cwd).filter((name) => /^(requirements|constraints).*\.(txt|in)$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(cwd, name);
    const lines = (readSmallFile(path) ?? "").split("\n");
    return lines.flatMap((line, index) => {
      const urls = line.replace(/(^|\s)#.*$/, "").match(/https:\/\/[^\s/@?#]+\/[^\s?#]*/g) ?? [];
      return urls.map((value): Setting => ({ key: "index-url", value, path, line: index + 1 }));
    });
  });
}

function unreadable(machine: Machine): Finding[] {
  return pipFiles(machine)
    .filter((path) => readSmallFile(path) !== undefined && readIniFile(path) === undefined)
    .map((path) => failure("pip-config", `pip cannot read ${path}.`, "Run `pip config debug`, and correct the file."));
}

function checkUrl({ key, value, path, line }: Setting, { settings }: Machine): Finding[] {
  const found = classify(value, "pypi", settings);
  const said = `pip's ${key} is ${withoutSecrets(value)} (${path}:${line})`;
  if (found.kind === "other") return [];
  if (found.kind === "codeartifact") {
    const remedy = codeArtifactRemedy(found, "pip");
    return [failure("pip-index", `${said}, a repository that Vouch is not set up for.`, remedy)];
  }
  const { username, password } = new URL(value);
  if (password !== "") {
    const remedy = "Delete the password from the line: pip takes it before it asks Vouch.";
    return [failure("pip-index", `${said}, with a password.`, remedy)];
  }
  if (username === "") {
    const remedy = `Write it as ${value.replace("://", "://aws@")}.`;
    return [failure("pip-index", `${said}, without a user name: pip before 26.2 then does not ask Vouch.`, remedy)];
  }
  return [ok("pip-index", `${said}.`)];
}

/** pip's own word on its index, if a repository is set up as the one for every package. */
export function judgePip(answer: string, machine: Machine): Finding | undefined {
  const isWhole = machine.settings.repositories.some(({ files, extra }) => files?.["pip"] !== undefined && !extra);
  if (!isWhole) return undefined;
  const url = withoutSecrets(answer.trim());
  if (classify(answer.trim(), "pypi", machine.settings).kind === "configured") {
    return ok("pip-answer", `pip itself says that it asks ${url}.`);
  }
  return warning(
    "pip-answer",
    `pip itself says that its index is ${url} here, not your repository.`,
    "pip config debug",
  );
}
