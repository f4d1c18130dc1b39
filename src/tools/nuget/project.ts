/**
 * What a project's NuGet.Config says about connections. A plugin is told the URL of a source only, not how NuGet will
 * connect: the files that it may have read are looked at, from the command lines and folders of the processes above. A
 * project file of MSBuild is code.
 */
import { readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { ancestors } from "../../base/system/ancestors.ts";
import { homeFolder } from "../../base/system/home.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import type { Asker } from "../python/askers.ts";
import { userConfigFolders } from "./config-path.ts";

const maxBytes = 4 << 20;
/** Limit on folders: arguments name them. */
const maxFolders = 2000;

/** Settings and attributes by which a file decides who hears a connection, or whom it trusts. */
const trustSetting = /(?<![\w-])(https?_proxy(?:\.\w+)?|disableTLSCertificateValidation|clientCertificates)(?![\w-])/i;
/** An entity of the document's own, which could spell any of them. */
const entities = /<!DOCTYPE|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);)/i;

/** Throws `project_untrusted` for a file of the project that decides about the connection, or that cannot be read. */
export function checkProject(askers: readonly Asker[], env: Environment = process.env): void {
  const own = new Set([homeFolder(env), ...userConfigFolders(env)]);
  const seen = new Set<string>();
  const folders = [process.cwd(), ...askers.flatMap(foldersOf)];
  for (const folder of folders.flatMap(ancestors)) {
    if (seen.has(folder) || own.has(folder)) continue;
    if (seen.size >= maxFolders) throw refusal("its command line names more folders than Vouch looks at");
    seen.add(folder);
    for (const name of namesIn(folder)) checkFile(join(folder, name));
  }
  for (const file of askers.flatMap(filesOf)) if (!own.has(dirname(file))) checkFile(file);
}

/** Throws `project_untrusted` as `checkProject`. */
function checkText(text: string, file: string): void {
  const decoded = text.replaceAll(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (whole, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0x10_ff_ff ? whole : String.fromCodePoint(code);
  });
  const setting = trustSetting.exec(decoded)?.[1];
  if (setting !== undefined) throw refusal(`${file}: ${setting} decides about the connection`);
  if (entities.test(text) || text.includes("\0")) throw refusal(`${file} is written in a way that Vouch does not read`);
}

function checkFile(file: string): void {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(file, maxBytes);
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) return;
    throw refusal(`${file} cannot be read: ${whyUnreadable(error)}`);
  }
  checkText(bytes.toString("utf8"), file);
}

/** The folder of a process, and those that its arguments name or name files in. */
function foldersOf({ args, cwd }: Asker): string[] {
  return [cwd, ...args.flatMap(wordsOf).flatMap((word) => placeOf(resolve(cwd, word)))];
}

/** Configuration files that arguments name. */
function filesOf({ args, cwd }: Asker): string[] {
  return args
    .flatMap(wordsOf)
    .filter((word) => /\.config$/i.test(word))
    .map((word) => resolve(cwd, word));
}

/** The words of an argument that may be paths: itself, and what follows `=` or `:` (`-p:RestoreConfigFile=FILE`). */
function wordsOf(arg: string): string[] {
  if (arg.length > 4096 || arg.includes("://")) return [];
  return [arg, ...arg.split(/[=:;]/)].filter((word) => word !== "");
}

function placeOf(path: string): string[] {
  try {
    return [statSync(path).isDirectory() ? path : dirname(path)];
  } catch {
    return [];
  }
}

/** The names of NuGet.Config, which differ in case. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.toLowerCase() === "nuget.config");
  } catch {
    return [];
  }
}

function refusal(what: string): VouchError {
  return new VouchError("project_untrusted", `NuGet gets no token here: ${what}.`, {
    hint: "Remove it there. What is yours belongs into your own NuGet.Config.",
  });
}
