/** Maven's entry in the table of tools. */
import { join } from "node:path";
import { homeFolder } from "../../base/system/home.ts";
import type { Tool } from "../tool.ts";
import { checkMaven } from "./doctor.ts";
import { namesFrom, readableId } from "./names.ts";
import { setMavenRepository, unsetMavenRepository } from "./settings-file.ts";
import { runMavenShim } from "./shim.ts";
import { mavenTokenPlaces } from "./stored-tokens.ts";
import { mavenVariables } from "./variables.ts";

export const maven: Tool = {
  format: "maven",
  programs: ["mvn"],
  path: (env) => join(homeFolder(env), ".m2/settings.xml"),
  needsVariable: true,
  namesFrom,
  set: (text, { domain, repository, endpoints, tokenVariable, extra }, { id, file, endpoints: formerly }) =>
    setMavenRepository(
      text,
      id,
      { domain, repository, endpoint: endpoints.maven!, tokenVariable: tokenVariable!, isExtra: extra === true },
      { file, endpoints: [endpoints.maven!, ...formerly] },
    ),
  unset: (text, id, { file, endpoints }, onKept) => unsetMavenRepository(text, id, { file, endpoints, onKept }),
  written: (repository) => `the repository ${readableId(repository)} and a mirror, with a variable for the token`,
  next: () => [
    ["mvn package", "use packages of the repository"],
    ["mvn deploy", "publish yours"],
  ],
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => extra !== true,
  warnings: ({ extra }) =>
    extra === true
      ? [
          "Maven asks this repository first, and the others for what it does not have; of a version range it takes the highest of all. Name exact versions.",
        ]
      : [],
  shims: () => ["mvn"],
  runShim: runMavenShim,
  needsShim: () => true,
  check: checkMaven,
  variables: mavenVariables,
  tokenPlaces: mavenTokenPlaces,
};
