/**
 * The files of a project by which data alone could lead Maven's requests elsewhere: those of the folder `.mvn`. Maven
 * takes the first such folder upwards; all are looked at, because its versions follow links differently.
 * https://maven.apache.org/configure.html
 */
import { realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { VouchError } from "../../../base/errors.ts";
import { ancestors } from "../../../base/process/ancestors.ts";
import { homeFolder } from "../../../base/system/home.ts";
import { readRegularFile, whyUnreadable } from "../../../base/system/regular-file.ts";
import { childElements, readXml } from "../../../editing/xml-document.ts";
import { harmfulJavaOption, harmfulOption, isHarmfulProperty } from "./options.ts";

const maxBytes = 1 << 20;

/** What a project's own settings (Maven 4) may hold. */
const harmlessSettings = new Set(["interactiveMode", "offline", "pluginGroups", "usePluginRegistry"]);

type Check = (text: string) => string | undefined;

/** For each file, what it says that means no token. */
const checks: Readonly<Record<string, Check>> = {
  "maven.config": (text) => harmfulOption(wordsOf(text)),
  "jvm.config": (text) => harmfulJavaOption(wordsOf(text)),
  "settings.xml": harmfulSettings,
  "maven-user.properties": harmfulProperties,
  "maven-system.properties": harmfulProperties,
  "maven.properties": harmfulProperties,
};

/** The folders in which Maven begins: the current one, as the shell names it too, and that of `-f`. */
export function startFolders(args: readonly string[], cwd: string, env: Environment): string[] {
  const logical = env["PWD"];
  const here = logical?.startsWith("/") && isSame(logical, cwd) ? [cwd, logical] : [cwd];
  const named = pomArguments(args).flatMap((word) => here.map((folder) => resolve(folder, word)));
  return [...new Set([...here, ...named.map((path) => (isFolder(path) ? path : dirname(path)))].flatMap(withReal))];
}

/** The values of `-f` and `--file`. */
export function pomArguments(args: readonly string[]): string[] {
  return args.flatMap((word, index) => {
    if (word === "-f" || word === "--file") return args[index + 1] ?? [];
    return /^--file=(.*)$/s.exec(word)?.[1] ?? /^-f([^a-z-].*|.*[./].*)$/s.exec(word)?.[1] ?? [];
  });
}

/** Why Maven gets no token here: the first file of the project that may say whom Maven talks to or trusts. */
export function objectionTo(folders: readonly string[], env: Environment): VouchError | undefined {
  const own = homeFolder(env);
  const places = new Set(folders.flatMap(ancestors));
  for (const folder of places) {
    if (folder === own) continue;
    for (const [name, check] of Object.entries(checks)) {
      const file = join(folder, ".mvn", name);
      const found = lookAt(file, check);
      if (found === undefined) continue;
      return new VouchError("project_untrusted", `No token for Maven here: ${file} has ${found}.`, {
        hint: "It may say whom Maven talks to or trusts. Give it on the command line or in MAVEN_OPTS if it is yours.",
      });
    }
  }
  return undefined;
}

function lookAt(file: string, check: Check): string | undefined {
  let text: string;
  try {
    text = readRegularFile(file, maxBytes).toString("utf8");
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    return `what Vouch cannot read (${whyUnreadable(error)})`;
  }
  return check(text);
}

/** Maven 3.8 splits at white space, later ones at line ends only: a value with a space in it is looked at as two words. */
function wordsOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .flatMap((line) => line.split(/\s+/))
    .map((word) => word.replaceAll(/["']/g, ""))
    .filter((word) => word !== "");
}

function harmfulSettings(text: string): string | undefined {
  try {
    const other = childElements(readXml(text).root).find(({ name }) => !harmlessSettings.has(name));
    return other && `<${other.name}>`;
  } catch {
    return "what is not well-formed XML";
  }
}

/** Names with escapes, continued lines and inclusion of other files are refused, whatever they say. */
function harmfulProperties(text: string): string | undefined {
  for (const line of text.split(/[\r\n]+/)) {
    const [, name = "", value = ""] = /^\s*([^\s=:]+)\s*[=:]?\s*(.*)$/.exec(line) ?? [];
    if (name === "" || /^[#!]/.test(name)) continue;
    if (line.includes("\\") || name.includes("$") || isHarmfulProperty(name, value)) return name;
  }
  return undefined;
}

function withReal(folder: string): string[] {
  try {
    return [folder, realpathSync(folder)];
  } catch {
    return [folder];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
