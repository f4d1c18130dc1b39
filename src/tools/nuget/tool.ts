/** NuGet (`dotnet`) in the table of tools. */
import type { RepositorySettings } from "../../settings/settings.ts";
import type { Tool } from "../tool.ts";
import { setNugetSource, unsetNugetSource } from "./config-file.ts";
import { nugetConfigPath } from "./config-path.ts";
import { checkNuget } from "./doctor.ts";
import { nugetTokenPlaces } from "./stored-tokens.ts";
import { nugetVariables } from "./variables.ts";

export const nuget: Tool = {
  format: "nuget",
  programs: ["dotnet"],
  alsoFor: ["dotnet"],
  path: nugetConfigPath,
  set: (text, repository, { id, file, endpoints }) => {
    const { endpoints: own, extra } = repository;
    const source = { name: sourceName(repository), url: indexOf(own.nuget!), isExtra: extra ?? false };
    return setNugetSource(text, id, source, { file, urls: endpoints.map(indexOf) });
  },
  unset: (text, id, { file, endpoints }, onKept) =>
    unsetNugetSource(text, id, { file, urls: endpoints.map(indexOf), onKept }),
  written: (repository) => `the source ${sourceName(repository)}, without a token`,
  next: (repository) => [
    ["dotnet add package PACKAGE", "use a package of the repository"],
    [`dotnet nuget push --source ${sourceName(repository)} FILE.nupkg`, "publish yours"],
  ],
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => !extra,
  extra: { mixes: true },
  project: {
    // NuGet takes the first of three spellings of the file's name.
    refusal: ({ endpoints }) =>
      `dotnet names a source in a project's own file: \`dotnet nuget add source ${indexOf(endpoints.nuget!)} --configfile nuget.config\``,
  },
  warnings: () => [],
  shims: () => ["nuget-plugin-vouch"],
  runShim: async (_name, args) => (await import("./plugin.ts")).runNugetPlugin(args),
  needsShim: () => true,
  check: checkNuget,
  variables: nugetVariables,
  tokenPlaces: nugetTokenPlaces,
};

/** As `aws codeartifact login --tool dotnet` calls it. */
function sourceName({ domain, repository }: RepositorySettings): string {
  return `${domain}/${repository}`;
}

/** The URL of the service index. */
function indexOf(endpoint: string): string {
  return `${endpoint.endsWith("/") ? endpoint : `${endpoint}/`}v3/index.json`;
}
