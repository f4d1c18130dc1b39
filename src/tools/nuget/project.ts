/**
 * What a project's NuGet.Config says about connections. A plugin is told the URL of a source only, not how NuGet will
 * connect: the files that it may have read are looked at, from the command lines and folders of the processes above, and below
 * them: a restore takes the files of each project's own folder. A project file of MSBuild is code.
 */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { homeFolder } from "../../base/system/home.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import type { Asker } from "../../base/process/calling-processes.ts";
import { userConfigFolders } from "./config-path.ts";
import { ProjectFolders } from "./project-folders.ts";

const maxBytes = 4 << 20;

/** Settings and attributes by which a file decides who hears a connection, or whom it trusts. */
const trustSetting = /(?<![\w-])(https?_proxy(?:\.\w+)?|disableTLSCertificateValidation|clientCertificates)(?![\w-])/i;
/** An entity of the document's own, which could spell any of them. */
const entities = /<!DOCTYPE|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);)/i;
/** In MSBuild's arguments: properties that name settings or decide about connections, other files, and what spells any. */
const harmfulArgument =
  /\b\w*config(?:file|directory)|\b\w*proxy|\b\w*tls\w*|\b\w*certificate\w*|^[^\S\r\n]*["']?@.*|%/im;

/** Programs that restore what is below their folder. */
const restorer = /(^|\/)(?:dotnet|nuget|msbuild)(?:\.exe)?$/i;

/** Throws `project_untrusted` for a file of the project that decides about the connection, or that cannot be read. */
export async function checkProject(
  askers: readonly Asker[],
  env: Environment = process.env,
  cwd = process.cwd(),
): Promise<void> {
  const home = homeFolder(env);
  const own = new Set([home, ...userConfigFolders(env)]);
  const folders = new ProjectFolders(own, {
    config: checkFile,
    response: checkArguments,
    refuse: () => refusal("the project has more folders than Vouch looks at"),
  });
  for (const folder of [cwd, ...askers.flatMap(foldersOf)]) folders.lookUpwards(folder);
  for (const file of askers.flatMap(filesOf)) if (!own.has(dirname(file))) checkFile(file);
  const restorers = askers.filter(({ args }) => args.slice(0, 2).some((word) => restorer.test(word)));
  for (const folder of new Set([cwd, ...restorers.flatMap(foldersOf)])) {
    // The home folder, and what it lies in, is no project.
    if (!`${home}/`.startsWith(folder === "/" ? "/" : `${folder}/`)) await folders.lookBelow(folder);
  }
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
  checkText(read(file), file);
}

/** A file of arguments that MSBuild reads by itself. */
function checkArguments(file: string): void {
  const text = read(file).replaceAll(/^[^\S\r\n]*#.*$/gm, "");
  const found = harmfulArgument.exec(text)?.[0].trim();
  if (found !== undefined) throw refusal(`${file}: ${found} may decide about the connection`);
  if (text.includes("\0")) throw refusal(`${file} is written in a way that Vouch does not read`);
}

/** The text; empty if there is no file. */
function read(file: string): string {
  try {
    return readRegularFile(file, maxBytes).toString("utf8");
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw refusal(`${file} cannot be read: ${whyUnreadable(error)}`);
  }
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

function refusal(what: string): VouchError {
  return new VouchError("project_untrusted", `NuGet gets no token here: ${what}.`, {
    hint: "Remove it there. What is yours belongs into your own NuGet.Config.",
  });
}
