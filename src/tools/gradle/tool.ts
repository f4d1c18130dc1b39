/** Gradle's entry in the table of tools. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";
import { endpointsOf } from "../../settings/registries.ts";
import { failure, type Finding, type Machine, ok, type StoredToken } from "../finding.ts";
import { setupCommand } from "../registry-url.ts";
import { readSmallFile } from "../small-files.ts";
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
    [`maven { url "${endpoints.maven}" }`, "among the repositories of build.gradle, without credentials"],
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
  storedTokens: storedGradleTokens,
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

/** A token of CodeArtifact, which is long and begins as JSON in base64 does, in the user's gradle.properties. */
function storedGradleTokens({ env }: Machine): StoredToken[] {
  const path = join(gradleHome(env), "gradle.properties");
  return (readSmallFile(path) ?? "")
    .split("\n")
    .flatMap((line, index) => (/[=:]\s*eyJ\S{200,}/.test(line) ? [{ path, line: index + 1, tool: "gradle" }] : []));
}
