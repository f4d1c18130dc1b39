/**
 * yarn 1 knows tokens from npm's user configuration alone, and replaces nothing in it without failing where a variable
 * is not set: it gets one that can be read once. The registry is that of `~/.yarnrc.yml`, which yarn 1 does not read.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { inheritedFile } from "../../helper/inherited-file.ts";
import { complain } from "../../helper/output.ts";
import { endpointTokens } from "../../helper/tokens.ts";
import { textOf } from "../npm/guard/files.ts";
import { examineForOther } from "../npm/guard/other-tools.ts";
import { join, resolve } from "../npm/guard/paths.ts";
import { ownUserConfig, userConfigText, withUserConfig } from "../npm/user-config.ts";
import { purposeOf } from "../publishing.ts";
import { tableOf } from "../../base/json.ts";
import { readYarnArguments } from "./arguments.ts";
import { borrowedHost } from "./borrowed-hosts.ts";
import { yarnFiles } from "./project-files.ts";

/** The environment for a command that contacts a registry. */
export async function classicEnvironment(args: readonly string[], env: Environment): Promise<Environment> {
  const { command, folders } = readYarnArguments(args);
  let endpoints = await endpointTokens("npm", purposeOf("yarn", args));
  let barrier: Record<string, string> = {};
  const own = ownUserConfig(env);
  const lines = registryLines(env);
  if (endpoints.length > 0) {
    const addresses = endpoints.map(({ endpoint }) => endpoint.replace("https://", ""));
    const { objections, barrier: nowhere } = await examineForOther({
      tool: "yarn",
      files: yarnFiles(addresses),
      args,
      folders,
      endpoints: endpoints.map(({ endpoint }) => endpoint),
      publishes: command === "publish",
      env,
    });
    const borrowed = folders.length > 0 ? folders.map((folder) => resolve(process.cwd(), folder)) : [process.cwd()];
    for (const folder of borrowed) {
      const objection = borrowedHost({ folder, addresses, userConfig: own, lines, env });
      if (objection !== undefined) objections.push(objection);
    }
    for (const objection of objections) complain(objection);
    if (objections.length > 0) endpoints = [];
    else barrier = nowhere;
  }
  // yarn 1 would take the proxy for plain http for https, too.
  if (barrier["HTTP_PROXY"] !== undefined && !namesOwnProxy(args, env)) lines.push("https-proxy=false");
  if (lines.length === 0 && endpoints.length === 0) return env;
  const path = inheritedFile(userConfigText(own, lines, endpoints), "once");
  if (path !== undefined) return { ...withUserConfig(env, path, own), ...barrier };
  complain(
    new VouchError(
      "platform_unsupported",
      "yarn 1 gets no token here: that needs Linux, and an ~/.npmrc below 1 MiB.",
      {
        hint: "Use yarn 4, or npm.",
      },
    ),
  );
  return env;
}

/**
 * Whether the user may have a proxy in yarn's own settings, which counts more than the variables; one for plain http
 * counts for https as well, as long as nothing says otherwise.
 */
function namesOwnProxy(args: readonly string[], env: Environment): boolean {
  const files = ["/etc/yarn/config", "/etc/yarnrc"];
  for (const name of [".config/yarn/config", ".config/yarn", ".yarn/config", ".yarnrc"]) {
    files.push(join(env["HOME"] ?? "/", name));
  }
  const texts = files.map((file) => textOf(file, () => {}) ?? "");
  const variables = Object.keys(env).filter((name) => /^yarn_/i.test(name) && env[name]);
  return [...args, ...texts, ...variables].some((text) => /proxy/i.test(text));
}

/** The registries of the user's `.yarnrc.yml`, in npm's form. */
function registryLines(env: Environment): string[] {
  const document = documentOf(textOf(join(env["HOME"] ?? "/", ".yarnrc.yml"), () => {}));
  const line = (key: string, url: unknown): string[] =>
    typeof url === "string" && /^https?:\/\/\S+$/.test(url) ? [`${key}=${url.replace(/\/?$/, "/")}`] : [];
  const scopes = Object.entries(tableOf(document["npmScopes"]));
  return [
    ...line("registry", document["npmRegistryServer"]),
    ...scopes.flatMap(([name, scope]) => line(`@${name}:registry`, tableOf(scope)["npmRegistryServer"])),
  ];
}

function documentOf(text: string | undefined): Record<string, unknown> {
  try {
    return tableOf(Bun.YAML.parse(text ?? ""));
  } catch {
    return {};
  }
}
