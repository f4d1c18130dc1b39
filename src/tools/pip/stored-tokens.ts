/** Tokens in the files of pip and twine, and in ~/.netrc, which pip reads. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type StoredToken } from "../finding.ts";
import { readIniFile, readSmallFile } from "../small-files.ts";
import { pipFiles } from "./doctor.ts";

/** Tokens for CodeArtifact in pip.conf, ~/.netrc and ~/.pypirc. */
export function storedPipTokens(machine: Machine): StoredToken[] {
  return [...pipTokens(machine), ...netrcTokens(machine), ...pypircTokens(machine)];
}

function pipTokens(machine: Machine): StoredToken[] {
  return pipFiles(machine).flatMap((path) =>
    (readSmallFile(path) ?? "")
      .split("\n")
      .flatMap((text, index) =>
        codeArtifactHost.test(text) && /:\/\/[^/@\s]*:[^/@\s]+@/.test(text)
          ? [{ path, line: index + 1, tool: "pip" }]
          : [],
      ),
  );
}

function netrcTokens({ env, home }: Machine): StoredToken[] {
  const path = env["NETRC"] || join(home, ".netrc");
  return (readSmallFile(path) ?? "").split("\n").flatMap((text, index) => {
    const [, machine] = /^\s*machine\s+(\S+)/.exec(text) ?? [];
    return machine !== undefined && codeArtifactHost.test(machine) ? [{ path, line: index + 1, tool: "pip" }] : [];
  });
}

function pypircTokens({ home }: Machine): StoredToken[] {
  const path = join(home, ".pypirc");
  const options = readIniFile(path)?.options ?? [];
  const sections = new Set(
    options
      .filter(({ name, value }) => name === "repository" && codeArtifactHost.test(value))
      .map(({ section }) => section),
  );
  return options
    .filter(({ section, name, value }) => sections.has(section) && name === "password" && value !== "")
    .map(({ from }) => ({ path, line: from + 1, tool: "twine" }));
}
