/**
 * `yarn` and `yarnpkg` in the shims folder. yarn 4 gets a plugin, which asks for tokens itself (plugin.ts);
 * yarn 1 gets a user configuration that can be read once (classic.ts).
 */
import type { Environment } from "../../base/environment.ts";
import { writeFileAtomic } from "../../base/system/atomic-write.ts";
import { createAgentFolder, createStateFolder } from "../../agent/process/folder.ts";
import { complain } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { stableExecutable } from "../executable.ts";
import { textOf } from "../npm/guard/files.ts";
import { resolve } from "../npm/guard/paths.ts";
import { asksRegistry, readYarnArguments } from "./arguments.ts";
import { ownPlugins, pluginText } from "./plugin.ts";
import { yarnLine } from "./version.ts";
import { VouchError } from "../../base/errors.ts";

/** Becomes the real yarn. Without a session it warns in one line and continues without a token. */
export async function runYarnShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  return becomeRealCommand(name, file, args, await yarnEnvironment(file, args));
}

async function yarnEnvironment(file: string | undefined, args: string[]): Promise<Environment> {
  const { env } = process;
  if (file === undefined) return env;
  const [folder = "."] = readYarnArguments(args).folders;
  const line = yarnLine(file, resolve(process.cwd(), folder), env);
  if (line === "classic") {
    return asksRegistry(args) ? (await import("./classic.ts")).classicEnvironment(args, env) : env;
  }
  return berryEnvironment(env);
}

/** The environment with the plugin, which stands in the agent's folder, where nobody else can write. */
function berryEnvironment(env: Environment): Environment {
  try {
    const text = pluginText(stableExecutable(env));
    const folder = createStateFolder(env);
    const plugin = `${folder}/yarn-plugin-${Bun.hash(text).toString(16)}.cjs`;
    if (textOf(plugin, () => {}) !== text) writeFileAtomic(plugin, text);
    // It may have been replaced meanwhile.
    createAgentFolder(folder);
    const own = env["YARN_PLUGINS"];
    if (own === undefined) return { ...env, YARN_PLUGINS: plugin };
    return own.split(";").includes(plugin) ? env : { ...env, YARN_PLUGINS: `${own};${plugin}`, [ownPlugins]: own };
  } catch (error) {
    complain(VouchError.from(error));
    return env;
  }
}
