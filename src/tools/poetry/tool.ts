/** poetry's entry in the table of tools. */
import { join } from "node:path";
import { indexOf } from "../python/index-url.ts";
import type { Tool } from "../tool.ts";
import { poetryName, setPoetryRepository, unsetPoetryRepository } from "./config-file.ts";
import { poetryConfigFolder } from "./config-path.ts";
import { checkPoetry, poetryVariables } from "./doctor.ts";
import { poetryTokenPlaces } from "./stored-tokens.ts";

export const poetry: Tool = {
  format: "pypi",
  programs: ["poetry"],
  path: (env) => join(poetryConfigFolder(env), "config.toml"),
  set: (text, { repository, endpoints }, { id, file, endpoints: formerly }) =>
    setPoetryRepository(text, id, { name: poetryName(repository), endpoint: endpoints.pypi! }, file, formerly),
  unset: (text, id, { file, endpoints }, onKept) => unsetPoetryRepository(text, id, { file, endpoints, onKept }),
  written: ({ repository }) => `the repository ${poetryName(repository)} for \`poetry publish\`, without a token`,
  next: ({ repository, endpoints }) => [
    [
      `poetry source add --priority=primary ${poetryName(repository)} ${indexOf(endpoints.pypi!)}`,
      "name the repository in a project, once",
    ],
    [`poetry publish --build --repository ${poetryName(repository)}`, "publish yours"],
  ],
  hasDefault: false,
  settings: [],
  takesAll: () => false,
  project: {
    refusal: ({ repository, endpoints }) =>
      `poetry itself names it in a project: \`poetry source add --priority=primary ${poetryName(repository)} ${indexOf(endpoints.pypi!)}\``,
  },
  warnings: () => [],
  shims: () => ["poetry"],
  runShim: async (name, args) => (await import("./shim.ts")).runPoetryShim(name, args),
  needsShim: () => true,
  check: checkPoetry,
  variables: poetryVariables,
  tokenPlaces: poetryTokenPlaces,
};
