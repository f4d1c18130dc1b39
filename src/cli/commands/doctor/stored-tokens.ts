/** Tokens that lie in files: they override Vouch, end in the middle of a build, and get committed by accident. */
import { join } from "node:path";
import { type Setting, readIniFile, readSmallFile, readTomlFile, tableOf } from "../../../tools/small-files.ts";
import { type Finding, ok, type Patient, warning } from "../../../tools/finding.ts";
import { npmSettings, readNpmrc } from "../../../tools/npm/doctor.ts";
import { pipFiles } from "../../../tools/pip/doctor.ts";

const codeArtifact = /\.codeartifact(?:-fips)?\.[a-z0-9-]+\./;

interface Place {
  path: string;
  /** Counted from 1; absent where the file's reader does not tell. */
  line?: number;
  tool: string;
  /** What to do instead of deleting it. */
  remedy?: string;
}

/** Findings on tokens for CodeArtifact in the files of npm, pnpm, pip, Cargo, twine, Maven and netrc. Shows places, not values. */
export function checkStoredTokens(patient: Patient): Finding[] {
  const places = [
    ...npmTokens(npmSettings(patient), "npm"),
    ...npmTokens(pnpmSettings(patient), "pnpm"),
    ...pipTokens(patient),
    ...cargoTokens(patient),
    ...netrcTokens(patient),
    ...pypircTokens(patient),
    ...mavenTokens(patient),
  ];
  if (places.length === 0)
    return [ok("stored-token", "No token for CodeArtifact lies in a file of the package managers.")];
  return places.map(({ path, line, tool, remedy }) =>
    warning(
      "stored-token",
      `A token for CodeArtifact lies in ${path}${line === undefined ? "" : `:${line}`} (${tool}).`,
      remedy ?? `Delete it there; with Vouch ${tool} does not need it.`,
    ),
  );
}

function npmTokens(settings: Setting[], tool: string): Place[] {
  return settings
    .filter(
      ({ key, value }) =>
        /:_(authToken|auth|password)$/.test(key) && codeArtifact.test(key) && !/^\$\{.*\}$/.test(value),
    )
    .map(({ path, line }) => ({ path, line, tool }));
}

/** What `pnpm login` of pnpm 11 writes. */
function pnpmSettings({ env, home }: Patient): Setting[] {
  const folders = [env["XDG_CONFIG_HOME"] || join(home, ".config"), join(home, "Library/Preferences")];
  return folders.flatMap((folder) => readNpmrc(join(folder, "pnpm/auth.ini")));
}

function pipTokens(patient: Patient): Place[] {
  return pipFiles(patient).flatMap((path) =>
    (readSmallFile(path) ?? "")
      .split("\n")
      .flatMap((text, index) =>
        codeArtifact.test(text) && /:\/\/[^/@\s]*:[^/@\s]+@/.test(text) ? [{ path, line: index + 1, tool: "pip" }] : [],
      ),
  );
}

function cargoTokens({ env, home, settings }: Patient): Place[] {
  const folder = env["CARGO_HOME"] || join(home, ".cargo");
  return ["credentials.toml", "credentials"].flatMap((file) => {
    const path = join(folder, file);
    const registries = tableOf(readTomlFile(path)?.["registries"]);
    return settings.repositories
      .filter(
        ({ registryName }) => registryName !== undefined && tableOf(registries[registryName])["token"] !== undefined,
      )
      .map(() => ({ path, tool: "cargo" }));
  });
}

function netrcTokens({ env, home }: Patient): Place[] {
  const path = env["NETRC"] || join(home, ".netrc");
  return (readSmallFile(path) ?? "").split("\n").flatMap((text, index) => {
    const [, machine] = /^\s*machine\s+(\S+)/.exec(text) ?? [];
    return machine !== undefined && codeArtifact.test(machine) ? [{ path, line: index + 1, tool: "pip" }] : [];
  });
}

function pypircTokens({ home }: Patient): Place[] {
  const path = join(home, ".pypirc");
  const options = readIniFile(path)?.options ?? [];
  const sections = new Set(
    options
      .filter(({ name, value }) => name === "repository" && codeArtifact.test(value))
      .map(({ section }) => section),
  );
  return options
    .filter(({ section, name, value }) => sections.has(section) && name === "password" && value !== "")
    .map(({ from }) => ({ path, line: from + 1, tool: "twine" }));
}

/** Passwords of servers whose user name is `aws`, which is CodeArtifact's; a reference and what Maven encrypted are none. */
function mavenTokens({ home }: Patient): Place[] {
  const path = join(home, ".m2/settings.xml");
  const text = readSmallFile(path) ?? "";
  return [...text.matchAll(/<server>[^]*?<\/server>/g)].flatMap(({ 0: server, index }): Place[] => {
    const password = /<password>\s*([^<\s${])/.exec(server);
    if (password === null || !/<username>\s*aws\s*<\/username>/.test(server)) return [];
    const line = text.slice(0, index + password.index).split("\n").length;
    const remedy = "Write ${env.CODEARTIFACT_AUTH_TOKEN} in its place, and start Maven by `vouch exec -- mvn`.";
    return [{ path, line, tool: "Maven", remedy }];
  });
}
