/** npm: do the registry lines of the .npmrc files name a configured repository? */
import { join } from "node:path";
import { classify, setupCommand, withoutSecrets } from "./endpoint.ts";
import { ancestors, readSmallFile } from "./files.ts";
import { failure, type Finding, ok, type Patient, warning } from "./finding.ts";
import { type IniLine, readIni } from "./ini.ts";

/** The settings lines of npm's files, the stronger ones first: those of the projects around the folder, then the user's. */
export function npmLines(patient: Patient): IniLine[] {
  const user = userFile(patient);
  const projects = ancestors(patient.cwd)
    .filter((folder) => readSmallFile(join(folder, "package.json")) !== undefined)
    .map((folder) => join(folder, ".npmrc"))
    .filter((path) => path !== user);
  // Within one file the last line counts.
  return [...projects, user].flatMap((path) => readIni(path).toReversed());
}

function userFile({ home, env }: Patient): string {
  return env["NPM_CONFIG_USERCONFIG"] || env["npm_config_userconfig"] || join(home, ".npmrc");
}

/** Findings on where npm gets its packages from. */
export function checkNpm(patient: Patient): Finding[] {
  const first = patient.settings.repositories.find(({ endpoints }) => endpoints.npm !== undefined);
  const lines = npmLines(patient);
  // For each scope the first line counts: it is the strongest.
  const effective = new Map<string, IniLine>();
  for (const line of lines) {
    if ((line.key === "registry" || /^@[^/]+:registry$/.test(line.key)) && !effective.has(line.key)) {
      effective.set(line.key, line);
    }
  }
  const findings = [...effective.values()].flatMap((line) => checkLine(line, patient, first !== undefined));
  const named = lines.some(({ key, value }) => key.endsWith("registry") && isConfigured(value, patient));
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

function isConfigured(value: string, { settings }: Patient): boolean {
  return classify(value, "npm", settings).kind === "configured";
}

function checkLine({ key, value, path, line }: IniLine, patient: Patient, usesVouch: boolean): Finding[] {
  const found = classify(value, "npm", patient.settings);
  const place = `${path}:${line}`;
  const url = withoutSecrets(value);
  if (found.kind === "configured") return [ok("npm-registry", `npm's ${key} is ${url} (${place}).`)];
  if (found.kind === "codeartifact") {
    return [
      failure(
        "npm-registry",
        `npm's ${key} is ${url} (${place}), a repository that Vouch is not set up for.`,
        `Correct the line, or run \`${setupCommand(found, "npm")}\`.`,
      ),
    ];
  }
  if (path === userFile(patient) || !usesVouch || key !== "registry") return [];
  return [
    warning(
      "npm-registry",
      `In this project npm's registry is ${url} (${place}), not your repository.`,
      "Delete the line if the project's packages are to come from your repository.",
    ),
  ];
}
