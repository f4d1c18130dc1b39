/** Gradle's entry in the table of tools. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";
import { endpointsOf } from "../../settings/registries.ts";
import { failure, type Finding, type Machine, ok, type TokenPlace } from "../checks/finding.ts";
import { setupCommand } from "../registry-url.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { linesWith } from "../checks/token-lines.ts";
import type { Tool } from "../tool.ts";
import { setGradleEndpoints, unsetGradleEndpoints } from "./init-script.ts";

function gradleHome(env: Environment): string {
  const own = env["GRADLE_USER_HOME"];
  return own ? resolve(own) : join(homeFolder(env), ".gradle");
}

export const gradle: Tool = {
  format: "maven",
  programs: ["gradle"],
  path: (env) => join(gradleHome(env), "init.d/vouch.gradle"),
  set: (text, repository, { id, file, executable }) =>
    setGradleEndpoints(text, id, { endpoints: endpointsOf(repository, "maven"), executable, file }),
  unset: (text, id, { file, executable }) => unsetGradleEndpoints(text, id, { executable, file }),
  written: () => "an init script, by which Gradle asks Vouch for the token of this address",
  next: ({ endpoints }) => [
    ["gradle build", `use packages of the repository, with \`maven { url "${endpoints.maven}" }\` in build.gradle`],
    ["gradle publish", "publish yours"],
  ],
  hasDefault: false,
  settings: [],
  takesAll: () => false,
  warnings: () => [],
  shims: () => [],
  needsShim: () => false,
  check: checkGradle,
  variables: [],
  tokenPlaces: gradleTokenPlaces,
};

function checkGradle(machine: Machine): Finding[] {
  const repositories = machine.settings.repositories.filter(({ files }) => files?.["gradle"] !== undefined);
  const path = gradle.path(machine.env);
  const text = repositories.length === 0 ? undefined : readSmallFile(path);
  return repositories.map((repository): Finding => {
    const { domain, repository: name, endpoints } = repository;
    if (endpoints.maven !== undefined && text?.includes(endpoints.maven)) {
      return ok("gradle-repository", `Gradle asks Vouch for the token of ${domain}/${name} (${path}).`);
    }
    return failure(
      "gradle-repository",
      `${path} does not know ${domain}/${name}, for which Vouch is set up.`,
      setupCommand(repository, "gradle"),
    );
  });
}

/** The user's properties and init script: tokens by their look, and properties that are named for them. */
function gradleTokenPlaces({ env }: Machine): TokenPlace[] {
  const properties = /^\s*\w*codeartifact[\w.]*(token|password)\s*[=:]\s*[^\s$]/i;
  return [
    {
      path: join(gradleHome(env), "gradle.properties"),
      tool: "gradle",
      tokens: (text) => linesWith(text, (line) => properties.test(line)),
    },
    { path: join(gradleHome(env), "init.gradle"), tool: "gradle" },
  ];
}
