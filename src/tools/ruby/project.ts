/**
 * What a project's files say about Bundler's connections. Bundler binds credentials to the URL of a source, but its
 * project settings (`.bundle/config`) decide whom it trusts. A Gemfile is code; no code of the project runs here.
 */
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { ancestors } from "../../base/process/ancestors.ts";
import { homeFolder } from "../../base/system/home.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { optionValues } from "./arguments.ts";

const maxBytes = 4 << 20;
/** Limit on project settings that name a Gemfile beside further settings. */
const maxFolders = 200;

/** Settings by which a project decides on certificates. Bundler's reader knows no escapes in keys. */
const trustSetting = /^[ \t]*["']?(BUNDLE_SSL_\w+)(.*)$/gim;
/** Bundler's own value, VERIFY_PEER. */
const safeSetting = /^BUNDLE_SSL_VERIFY_MODE["']?[ \t]*:[ \t]*(["']?)1\1[ \t]*$/i;
const gemfileSetting = /^[ \t]*["']?BUNDLE_GEMFILE["']?[ \t]*:(.*)$/gim;
const manifests = ["Gemfile", "Gemfile.lock", "gems.rb", "gems.locked"];

export interface Project {
  /** Why no token may go into this project's connections. */
  objection: VouchError | undefined;
  /** Everything in which the URL of a source may stand: manifests, lock files, the user's settings, variables, arguments. */
  texts: string[];
}

/** Reads the settings and manifests that a command in this folder may use. Throws nothing. */
export function readProject(args: readonly string[], env: Environment, cwd: string): Project {
  const own = userConfig(env);
  const texts = [textOf(own) ?? "", ...args, ...Object.values(env).filter((value) => value !== undefined)];
  const project: Project = { objection: undefined, texts };
  const given = [env["BUNDLE_GEMFILE"], ...optionValues(args, "--gemfile")].filter((path) => path !== undefined);
  const folders = [cwd, ...given.map((path) => dirname(resolve(cwd, path)))].flatMap(ancestors);
  if (env["BUNDLE_APP_CONFIG"]) examine(resolve(cwd, env["BUNDLE_APP_CONFIG"], "config"));
  const seen = new Set<string>();
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    if (seen.size > maxFolders) {
      project.objection ??= refusal(`${folder}: its settings lead to more folders than Vouch looks at`);
      break;
    }
    if (env["BUNDLE_APP_CONFIG"] === undefined) examine(join(folder, ".bundle/config"));
    for (const name of manifests) texts.push(textOf(join(folder, name)) ?? "");
  }
  for (const path of given) texts.push(textOf(resolve(cwd, path)) ?? "", textOf(`${resolve(cwd, path)}.lock`) ?? "");
  return project;

  function examine(file: string): void {
    if (file === own) return;
    try {
      const text = readRegularFile(file, maxBytes).toString("latin1");
      const found = [...text.matchAll(trustSetting)].find(([, name = "", rest = ""]) => !safeSetting.test(name + rest));
      const setting = found?.[1];
      if (setting !== undefined)
        project.objection ??= refusal(`${file}: ${setting} decides whom the connection trusts`);
      for (const [, value = ""] of text.matchAll(gemfileSetting)) {
        const path = value.trim().replaceAll(/^["']|["']$/g, "");
        folders.push(...ancestors(dirname(resolve(cwd, path))));
      }
    } catch (error) {
      if (isAbsent(error)) return;
      project.objection ??= refusal(`${file} cannot be read: ${whyUnreadable(error)}`);
    }
  }
}

/** Bundler's settings of the user. */
export function userConfig(env: Environment): string {
  const home = env["BUNDLE_USER_HOME"] || join(homeFolder(env), ".bundle");
  return env["BUNDLE_CONFIG"] || env["BUNDLE_USER_CONFIG"] || join(home, "config");
}

function textOf(file: string): string | undefined {
  try {
    return readRegularFile(file, maxBytes).toString("utf8");
  } catch {
    return undefined;
  }
}

function isAbsent(error: unknown): boolean {
  return /^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? "");
}

function refusal(what: string): VouchError {
  return new VouchError("project_untrusted", `bundle gets no token here: ${what}.`, {
    hint: "Remove it there. What is yours belongs into ~/.bundle/config.",
  });
}
