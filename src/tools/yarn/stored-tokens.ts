/** Tokens that `yarn npm login` (yarn 2 and later) or `yarn config set` (yarn 1) have stored. */
import { join } from "node:path";
import { keysBelow, type YamlKey, yamlKeys } from "../../editing/yaml-keys.ts";
import { codeArtifactHost, type Machine, type TokenLine, type TokenPlace } from "../checks/finding.ts";
import { isStored, linesWith } from "../checks/token-lines.ts";

/** ~/.yarnrc.yml, and ~/.yarnrc of yarn 1; its .npmrc is npm's. */
export function yarnTokenPlaces({ home }: Machine): TokenPlace[] {
  return [
    { path: join(home, ".yarnrc.yml"), tool: "yarn", tokens },
    {
      path: join(home, ".yarnrc"),
      tool: "yarn",
      tokens: (text) =>
        linesWith(text, (line) => codeArtifactHost.test(line) && /:_(authToken|auth|password)"?\s+\S/.test(line)),
    },
  ];
}

/** https://yarnpkg.com/configuration/yarnrc#npmAuthToken */
function tokens(text: string): TokenLine[] {
  const lines = text.split("\n");
  const top = yamlKeys(lines);
  const below = (name: string): YamlKey[] =>
    top.filter((key) => key.name === name).flatMap((key) => keysBelow(lines, key));
  const serverOf = (keys: YamlKey[]): string | undefined =>
    keys.find(({ name }) => name === "npmRegistryServer")?.value;
  const isOurs = (url: string | undefined): boolean => codeArtifactHost.test(url ?? "");
  const tables = [
    ...(isOurs(serverOf(top)) ? [top] : []),
    ...below("npmRegistries")
      .filter(({ name }) => isOurs(name))
      .map((key) => keysBelow(lines, key)),
    ...below("npmScopes")
      .map((key) => keysBelow(lines, key))
      .filter((keys) => isOurs(serverOf(keys) ?? serverOf(top))),
  ];
  return tables
    .flat()
    .filter(({ name, value }) => /^npmAuth(Token|Ident)$/.test(name) && isStored(value) && !/^(""|'')$/.test(value))
    .map(({ from }) => ({ line: from + 1 }));
}
