/**
 * `hatch` in the shims folder: gives `hatch publish` user name and password if the repository is a configured endpoint,
 * then becomes the real command. Where to publish stands in the user's own configuration, never in a project's. What a
 * project says about its environments is looked at before hatch starts: pip and uv ask `keyring` in them.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { deadProxies } from "../python/guard/checked.ts";
import { type Upload, uploadToRepository, uploadToUrl } from "../python/upload.ts";
import { readTomlFile } from "../small-files.ts";
import { tableOf } from "../../base/json.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { type HatchTarget, makesEnvironments, parseHatch } from "./command-line.ts";
import { checkHatchProject } from "./project.ts";

/** Becomes the real hatch. Without a session it warns in one line and continues without a token. */
export async function runHatchShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  if (makesEnvironments(args)) return becomeRealCommand(name, file, args, await environment(process.cwd()));
  const target = parseHatch(args, process.env);
  const found = target === undefined || target.hasCredentials ? undefined : await uploadOf(target, args);
  if (found === undefined) return becomeRealCommand(name, file, args);
  const { url, token, isNamed } = found;
  const variables = {
    HATCH_INDEX_USER: "aws",
    HATCH_INDEX_AUTH: token,
    ...(isNamed ? {} : { HATCH_INDEX_REPO: url }),
  };
  const words = isNamed ? args : (target?.option?.replace(url) ?? args);
  return becomeRealCommand(name, file, words, { ...process.env, ...variables });
}

/**
 * The environment in which hatch starts pip: without plain http to the hosts of the endpoints, for no shim stands before
 * that pip. Throws `project_untrusted`.
 */
async function environment(cwd: string): Promise<Environment> {
  const { hostsBySettings } = await import("../../agent/job/in-process.ts");
  const barrier = deadProxies(hostsBySettings("pypi"));
  await checkHatchProject(cwd, Object.keys(barrier));
  return { ...process.env, ...barrier };
}

/** `isNamed`: hatch itself finds the URL. */
async function uploadOf(target: HatchTarget, args: string[]): Promise<(Upload & { isNamed: boolean }) | undefined> {
  const index = tableOf(tableOf(readTomlFile(configPath(target))?.["publish"])["index"]);
  const repository = target.repository ?? index["repo"];
  if (repository === undefined) {
    const publish = { words: ["hatch", ...args], at: target.at + 1, option: "--repo", format: "pypi" } as const;
    await sayUnnamed(publish, ({ repository: name }) => name);
  }
  // hatch itself defines these two.
  if (typeof repository !== "string" || /^(main|test)$/.test(repository)) return undefined;
  const own = tableOf(index["repos"])[repository];
  const named = typeof own === "string" ? own : tableOf(own)["url"];
  const isNamed = own !== undefined || repository.includes("://");
  const url = own === undefined ? repository : named;
  if (typeof url !== "string") return undefined;
  const found = isNamed ? await uploadToUrl(url, `hatch's repository ${repository}`) : await uploadToRepository(url);
  return found && { ...found, isNamed };
}

/** https://hatch.pypa.io/latest/config/hatch/ */
function configPath({ configFile }: HatchTarget): string {
  if (configFile !== undefined) return configFile;
  if (process.platform === "darwin") return join(homedir(), "Library/Application Support/hatch/config.toml");
  const xdg = process.env["XDG_CONFIG_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homedir(), ".config"), "hatch/config.toml");
}
