/**
 * `pdm` in the shims folder: gives `pdm publish` the token in a configuration that it can read once, then becomes the real
 * command. What PDM starts (the build backend, the project's scripts) inherits no token, and gets none by the touch, which
 * is for this process. A project's files give any URL to the name of a repository: so it has one that no project knows.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { tableOf } from "../../base/json.ts";
import { ancestors } from "../../base/process/ancestors.ts";
import { readIfPresent } from "../../base/system/regular-file.ts";
import { parseToml } from "../../editing/toml-values.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { unguessableName } from "../poetry/configuration.ts";
import { judge } from "../python/guard/judge.ts";
import { foldersOfPdm, mentionsOfPdm } from "../python/project/pdm-files.ts";
import { uploadToUrl } from "../python/upload.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { parsePdm, type PdmTarget } from "./command-line.ts";
import { pdmName } from "./config-file.ts";
import { pdmConfigPath } from "./config-path.ts";

type Table = Record<string, unknown>;

const maxBytes = 1 << 20;

/** Becomes the real PDM. Without a session it warns in one line and continues without a token. */
export async function runPdmShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  const target = parsePdm(args, process.env);
  const bound = file === undefined || target === undefined ? undefined : await bind(target, args);
  if (file === undefined || target === undefined || bound === undefined) return becomeRealCommand(name, file, args);
  const words = target.option?.replace(bound.name) ?? args.toSpliced(target.at + 1, 0, "--repository", bound.name);
  // The last `--config` before the command counts. No variable: another PDM, which a script starts, finds the user's file.
  const withConfig = (path: string): string[] => words.toSpliced(target.at, 0, "--config", path);
  return becomeWithText(file, withConfig, bound.text, () => process.env);
}

interface Bound {
  /** The repository's name in the configuration. */
  name: string;
  /** The user's configuration with the repository. */
  text: string;
}

/** Undefined if PDM shall publish without a token of ours. Throws `project_untrusted`, and as `uploadToUrl`. */
async function bind(target: PdmTarget, args: string[]): Promise<Bound | undefined> {
  if (target.hasCredentials) return undefined;
  const env = target.configFile === undefined ? process.env : { ...process.env, PDM_CONFIG_FILE: target.configFile };
  const text = configurationIn(pdmConfigPath(env));
  const own = text === undefined ? undefined : parseToml(text);
  // PDM itself says what is wrong with its configuration.
  if (text === undefined || own === undefined) return undefined;
  const { repository } = target;
  if (repository === undefined) {
    const publish = { words: ["pdm", ...args], at: target.at + 2, option: "--repository", format: "pypi" } as const;
    const nameOf = (name: string) => (repositoryIn(own, name)["url"] === undefined ? undefined : name);
    await sayUnnamed(publish, (each) => nameOf(pdmName(each.repository)));
    return undefined;
  }
  const words = ["pdm", ...args];
  const folders = foldersOfPdm(words, process.cwd(), process.env);
  const settings = repository.includes("://") ? repositoryAt(own, repository) : repositoryIn(own, repository);
  const { url: ownUrl, username = "aws", password } = settings;
  const url = urlInProject(folders, repository) ?? ownUrl;
  // The user's own password.
  if (typeof url !== "string" || username !== "aws" || password !== undefined) return undefined;
  const { configured, refusal, doubt } = await judge(mentionsOfPdm(words, process.cwd(), process.env), [url]);
  const fault = refusal ?? doubt;
  if (configured.has(url) && fault !== undefined) throw fault;
  const upload = await uploadToUrl(url, `PDM's repository ${repository}`, () => exposedByPlugins(folders));
  if (upload === undefined) return undefined;
  const name = unguessableName("vouch");
  return { name, text: withRepository(text, name, { ...settings, url, username, password: upload.token }) };
}

/** The text of the file, empty without one; undefined if it cannot be read. */
function configurationIn(path: string): string | undefined {
  try {
    return readIfPresent(path, maxBytes)?.toString("utf8") ?? "";
  } catch {
    return undefined;
  }
}

function repositoryIn(configuration: Table, name: string): Table {
  return tableOf(tableOf(configuration["repository"])[name]);
}

function repositoryAt(configuration: Table, url: string): Table {
  const known = Object.values(tableOf(configuration["repository"])).map(tableOf);
  return known.find((each) => each["url"] === url) ?? { url };
}

/** What the project's own file gives the name, which PDM takes before the user's. */
function urlInProject(folders: readonly string[], name: string): unknown {
  const files = folders
    .flatMap(ancestors)
    .flatMap((folder) => ["pdm.toml", ".pdm.toml"].map((each) => join(folder, each)));
  return files.map((file) => repositoryIn(readTomlFile(file) ?? {}, name)["url"]).find((url) => url !== undefined);
}

/** Why nobody shall be asked for a touch: such plugins are code of the project in PDM's own process. */
function exposedByPlugins(folders: readonly string[]): VouchError | undefined {
  const found = folders
    .flatMap(ancestors)
    .map((folder) => join(folder, ".pdm-plugins"))
    .find((path) => existsSync(path));
  if (found === undefined) return undefined;
  const message = `No token to publish with: PDM runs the project's plugins (${found}) in its own process, and they could read it.`;
  return new VouchError("access_denied", message, {
    hint: "Publish with `uv publish`, or move the folder away for it.",
  });
}

/** The configuration with the repository. Throws `edit_conflict` if it is written so that nothing can be added. */
function withRepository(text: string, name: string, settings: Table): string {
  const lines = Object.entries(settings).flatMap(([key, value]) =>
    /^(string|boolean)$/.test(typeof value) ? [`${JSON.stringify(key)} = ${JSON.stringify(value)}\n`] : [],
  );
  const whole = `${text}\n[repository.${name}]\n${lines.join("")}`;
  if (parseToml(whole) !== undefined) return whole;
  throw new VouchError("edit_conflict", "PDM's configuration has its repositories in an inline table.", {
    hint: "Write each one below a header of its own: [repository.NAME]",
  });
}
