/**
 * `hatch` in the shims folder: gives `hatch publish` user name and password, in a `.pypirc` that can be read once, if the
 * repository is a configured endpoint, then becomes the real command. Where to publish stands in the user's own
 * configuration, never in a project's. What a project says about its environments is looked at before hatch starts: pip
 * and uv ask `keyring` in them.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { deadProxies } from "../python/guard/checked.ts";
import { type Upload, uploadToRepository, uploadToUrl } from "../python/upload.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { homeWith, pypircFor } from "./home.ts";
import { type HatchTarget, makesEnvironments, parseHatch } from "./command-line.ts";
import { checkHatchProject } from "./project.ts";

/** Becomes the real hatch. Without a session it warns in one line and continues without a token. */
export async function runHatchShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  if (makesEnvironments(args)) return becomeRealCommand(name, file, args, await environment(process.cwd()));
  const target = parseHatch(args, process.env);
  const found = target === undefined || target.hasCredentials ? undefined : await uploadOf(target, args);
  if (found === undefined) return becomeRealCommand(name, file, args);
  if (file === undefined) return becomeRealCommand(name, file, args);
  const { url, token, certificates } = found;
  const words = target?.option?.replace(url) ?? args;
  const variables = { ...certificates, ...process.env, ...(target?.option ? {} : { HATCH_INDEX_REPO: url }) };
  return becomeWithText(file, target?.hasUser === true ? withoutUser(words) : words, pypircFor(url, token), (path) => ({
    ...variables,
    HOME: homeWith(path, homedir()),
  }));
}

/** With a user name of the command line or of a variable hatch reads no `.pypirc`: an empty one, the last, is none. */
function withoutUser(words: string[]): string[] {
  const end = words.indexOf("--");
  return words.toSpliced(end < 0 ? words.length : end, 0, "--user=");
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

interface HatchUpload extends Upload {
  /** The user's own certificates for the repository, as hatch's variables: by its URL hatch would not find them. */
  certificates: Record<string, string>;
}

async function uploadOf(target: HatchTarget, args: string[]): Promise<HatchUpload | undefined> {
  const index = tableOf(tableOf(readTomlFile(configPath(target))?.["publish"])["index"]);
  const repository = target.repository ?? index["repo"];
  if (repository === undefined) {
    const publish = { words: ["hatch", ...args], at: target.at + 1, option: "--repo", format: "pypi" } as const;
    await sayUnnamed(publish, ({ repository: name }) => name);
  }
  // hatch itself defines these two.
  if (typeof repository !== "string" || /^(main|test)$/.test(repository)) return undefined;
  const own = tableOf(index["repos"])[repository];
  if (own === undefined && !repository.includes("://")) {
    const found = await uploadToRepository(repository);
    return found && { ...found, certificates: {} };
  }
  const settings =
    own === undefined ? { url: repository } : { ...index, ...(typeof own === "string" ? { url: own } : tableOf(own)) };
  const { url, user = "aws", auth } = settings as Record<string, unknown>;
  // The user's own password.
  if (typeof url !== "string" || user !== "aws" || auth !== undefined) return undefined;
  const found = await uploadToUrl(url, `hatch's repository ${repository}`);
  return found && { ...found, url, certificates: certificatesOf(settings) };
}

function certificatesOf(settings: Record<string, unknown>): Record<string, string> {
  const named = ["ca-cert", "client-cert", "client-key"].flatMap((key): [string, string][] => {
    const path = settings[key];
    return typeof path === "string" ? [[`HATCH_INDEX_${key.toUpperCase().replace("-", "_")}`, path]] : [];
  });
  return Object.fromEntries(named);
}

/** https://hatch.pypa.io/latest/config/hatch/ */
function configPath({ configFile }: HatchTarget): string {
  if (configFile !== undefined) return configFile;
  if (process.platform === "darwin") return join(homedir(), "Library/Application Support/hatch/config.toml");
  const xdg = process.env["XDG_CONFIG_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homedir(), ".config"), "hatch/config.toml");
}
