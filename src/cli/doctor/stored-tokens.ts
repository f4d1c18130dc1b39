/** Tokens that lie in files: they override Vouch, end in the middle of a build, and get committed by accident. */
import { join } from "node:path";
import { readSmallFile } from "./files.ts";
import { type Finding, ok, type Patient, warning } from "./finding.ts";
import { readIni } from "./ini.ts";
import { npmLines } from "./npm.ts";
import { pipLines } from "./pip.ts";

const codeArtifact = /\.codeartifact(?:-fips)?\.[a-z0-9-]+\./;

interface Place {
  path: string;
  line: number;
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
      `A token for CodeArtifact lies in ${path}:${line} (${tool}).`,
      `Delete the line; with Vouch ${tool} does not need it.`,
    ),
  );
}

function npmTokens(patient: Patient): Place[] {
  return npmLines(patient)
    .filter(
      ({ key, value }) =>
        /:_(authToken|auth|password)$/.test(key) && codeArtifact.test(key) && !/^\$\{.*\}$/.test(value),
    )
    .map(({ path, line }) => ({ path, line, tool: "npm" }));
}

function pipTokens(patient: Patient): Place[] {
  return pipLines(patient)
    .filter(({ value }) => codeArtifact.test(value) && /:\/\/[^/@]*:[^/@]+@/.test(value))
    .map(({ path, line }) => ({ path, line, tool: "pip" }));
}

function cargoTokens({ env, home, settings }: Patient): Place[] {
  const names = new Set(settings.repositories.map(({ registryName }) => `registries.${registryName}`));
  const folder = env["CARGO_HOME"] || join(home, ".cargo");
  return ["credentials.toml", "credentials"].flatMap((file) => {
    const path = join(folder, file);
    return readIni(path)
      .filter(({ section, key }) => names.has(section.replaceAll('"', "")) && key === "token")
      .map(({ line }) => ({ path, line, tool: "cargo" }));
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
  const lines = readIni(path);
  const sections = new Set(
    lines.filter(({ key, value }) => key === "repository" && codeArtifact.test(value)).map(({ section }) => section),
  );
  return lines
    .filter(({ section, key, value }) => sections.has(section) && key === "password" && value !== "")
    .map(({ line }) => ({ path, line, tool: "twine" }));
}
