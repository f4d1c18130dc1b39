/** Doctor's checks of npm: whether the registry lines of the .npmrc files name a configured repository. */
import { join } from "node:path";
import { ancestors } from "../../base/process/ancestors.ts";
import { npmConfigPath } from "./config-path.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";
import { readSmallFile, type Setting } from "../checks/small-files.ts";
import { failure, type Finding, ok, type Machine, warning } from "../checks/finding.ts";

/** npm's files by precedence: of the projects around the folder, then the user's. */
export function npmFiles({ cwd, env }: Machine): string[] {
  const user = npmConfigPath(env);
  const projects = ancestors(cwd)
    .filter((folder) => readSmallFile(join(folder, "package.json")) !== undefined)
    .map((folder) => join(folder, ".npmrc"))
    .filter((path) => path !== user);
  return [...projects, user];
}

/** The settings of npm's files by precedence. */
function npmSettings(machine: Machine): Setting[] {
  // Within one file the last line wins.
  return npmFiles(machine).flatMap((path) =>
    npmrcSettings(readSmallFile(path) ?? "")
      .map(({ key, value, line }) => ({ key, value, path, line }))
      .toReversed(),
  );
}

/** The settings in a text in .npmrc format, in order. */
export function npmrcSettings(text: string): Omit<Setting, "path">[] {
  return text.split("\n").flatMap((line, index) => {
    const [, key, value] = /^\s*([^#;\s[=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return [];
    return [{ key: unquoted(key), value: unquoted(value), line: index + 1 }];
  });
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}

/** Findings on npm's registries. */
export function checkNpm(machine: Machine): Finding[] {
  const first = machine.settings.repositories.find(({ files }) => files?.["npm"] !== undefined);
  const lines = npmSettings(machine);
  // The first line of each scope is the effective one.
  const effective = new Map<string, Setting>();
  for (const line of lines) {
    if ((line.key === "registry" || /^@[^/]+:registry$/.test(line.key)) && !effective.has(line.key)) {
      effective.set(line.key, line);
    }
  }
  const findings = [...effective.values()].flatMap((line) => checkLine(line, machine, first !== undefined));
  findings.push(...lines.flatMap((line) => checkReference(line, machine)));
  const named = lines.some(({ key, value }) => key.endsWith("registry") && isConfigured(value, machine));
  if (first && !named) {
    findings.push(
      failure(
        "npm-registry",
        "No .npmrc names a repository that Vouch is set up for: npm asks the public registry.",
        setupCommand(first, "npm"),
      ),
    );
  }
  return findings;
}

function isConfigured(value: string, { settings }: Machine): boolean {
  return classify(value, "npm", settings).kind === "configured";
}

function checkLine({ key, value, path, line }: Setting, machine: Machine, usesVouch: boolean): Finding[] {
  const found = classify(value, "npm", machine.settings);
  const place = `${path}:${line}`;
  const url = withoutSecrets(value);
  if (found.kind === "configured") return [ok("npm-registry", `npm's ${key} is ${url} (${place}).`)];
  if (found.kind === "codeartifact") {
    return [
      failure(
        "npm-registry",
        `npm's ${key} is ${url} (${place}), a repository that Vouch is not set up for.`,
        codeArtifactRemedy(found, "npm"),
      ),
    ];
  }
  if (path === npmConfigPath(machine.env) || !usesVouch || key !== "registry") return [];
  return [
    warning(
      "npm-registry",
      `In this project npm's registry is ${url} (${place}), not your repository.`,
      "Delete the line if the project's packages are to come from your repository.",
    ),
  ];
}

/** A reference that npm takes before the token of its shim, which then has to be a variable, too. */
function checkReference({ key, value, path, line }: Setting, machine: Machine): Finding[] {
  const address = /^\/\/.*(?=:(?:_authToken|_auth|_password)$)/.exec(key)?.[0];
  if (address === undefined || !value.includes("${") || !isConfigured(`https:${address}`, machine)) return [];
  return [
    warning(
      "npm-token",
      `${path}:${line}: ${key} is taken before what Vouch hands to npm alone: install scripts can read the token here.`,
      "Delete the line: Vouch brings the token.",
    ),
  ];
}

/** npm's own word on its registry, if a repository is set up as the one for every package. */
export function judgeNpm(answer: string, machine: Machine): Finding | undefined {
  const isWhole = machine.settings.repositories.some(
    ({ files, npmScopes }) => files?.["npm"] !== undefined && !npmScopes,
  );
  if (!isWhole) return undefined;
  const url = withoutSecrets(answer.trim());
  if (isConfigured(answer.trim(), machine)) return ok("npm-answer", `npm itself says that it asks ${url}.`);
  return warning(
    "npm-answer",
    `npm itself says that its registry is ${url} here, not your repository.`,
    "npm config ls -l: look where it comes from",
  );
}
