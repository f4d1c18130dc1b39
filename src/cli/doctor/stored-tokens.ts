/** Tokens that lie in files: they override Vouch, end in the middle of a build, and get committed by accident. */
import { join } from "node:path";
import { readIniFile, readSmallFile, readTomlFile, tableOf } from "./files.ts";
import { type Finding, ok, type Patient, warning } from "./finding.ts";
import { npmSettings } from "./npm.ts";
import { pipFiles } from "./pip.ts";

const codeArtifact = /\.codeartifact(?:-fips)?\.[a-z0-9-]+\./;

interface Place {
  path: string;
  /** Counted from 1; absent where the file's reader does not tell. */
  line?: number;
  tool: string;
}

/** Findings on tokens for CodeArtifact in the files of npm, pip, Cargo, twine and netrc. Shows places, not values. */
export function checkStoredTokens(patient: Patient): Finding[] {
  const places = [
    ...npmTokens(patient),
    ...pipTokens(patient),
    ...cargoTokens(patient),
    ...netrcTokens(patient),
    ...pypircTokens(patient),
  ];
  if (places.length === 0)
    return [ok("stored-token", "No token for CodeArtifact lies in a file of the package managers.")];
  return places.map(({ path, line, tool }) =>
    warning(
      "stored-token",
      `A token for CodeArtifact lies in ${path}${line === undefined ? "" : `:${line}`} (${tool}).`,
      `Delete it there; with Vouch ${tool} does not need it.`,
    ),
  );
}

function npmTokens(patient: Patient): Place[] {
  return npmSettings(patient)
    .filter(
      ({ key, value }) =>
        /:_(authToken|auth|password)$/.test(key) && codeArtifact.test(key) && !/^\$\{.*\}$/.test(value),
    )
    .map(({ path, line }) => ({ path, line, tool: "npm" }));
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
