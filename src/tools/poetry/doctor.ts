/** Doctor's checks of poetry, and variables that it reads before them. */
import { join } from "node:path";
import { failure, type Finding, type Machine, ok, type VariableRule, warns } from "../checks/finding.ts";
import { classify, setupCommand } from "../registry-url.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { poetryConfigFolder } from "./config-path.ts";

/** Whether a repository for `poetry publish` leads to an endpoint. */
export function checkPoetry({ env, settings }: Machine): Finding[] {
  const repository = settings.repositories.findLast(({ files }) => files?.["poetry"] !== undefined);
  if (repository === undefined) return [];
  const path = join(poetryConfigFolder(env), "config.toml");
  const found = Object.entries(tableOf(readTomlFile(path)?.["repositories"])).find(
    ([, value]) => classify(urlOf(value), "pypi", settings).kind === "configured",
  );
  if (found === undefined) {
    const what = `${path} names no repository that Vouch is set up for: \`poetry publish\` gets no token.`;
    return [failure("poetry-repository", what, setupCommand(repository, "poetry"))];
  }
  return [ok("poetry-repository", `poetry's repository ${found[0]} is ${urlOf(found[1])} (${path}).`)];
}

export const poetryVariables: VariableRule[] = [
  {
    name: /^POETRY_HTTP_BASIC_.+_PASSWORD$/,
    harm: () => warns("holds a password that poetry sends to whatever URL a project gives that name"),
  },
];

function urlOf(value: unknown): string {
  const url = tableOf(value)["url"];
  return typeof url === "string" ? url : "";
}
