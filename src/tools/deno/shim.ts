/**
 * `deno` in the shims folder. deno knows tokens from the `.npmrc` of the home folder alone, and has no other name for it:
 * while it loads packages, its home folder is one in the agent's folder, whose `.npmrc` leads to a file that only this
 * deno can open. Its cache and its programs stay where they are.
 */
import { readlinkSync, renameSync, symlinkSync } from "node:fs";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { createAgentFolder, createStateFolder } from "../../agent/process/folder.ts";
import { inheritedFile } from "../../helper/inherited-file.ts";
import { complain } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { endpointTokens } from "../../helper/tokens.ts";
import { examineForOther } from "../npm/guard/other-tools.ts";
import { dirname, join, resolve } from "../npm/guard/paths.ts";
import { userConfigText } from "../npm/user-config.ts";
import { type DenoArguments, loadsPackages, readDenoArguments, readsOnce } from "./arguments.ts";
import { denoFiles, namedByProject } from "./project-files.ts";

/** Becomes the real deno. Without a session it warns in one line and continues without a token. */
export async function runDenoShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  return becomeRealCommand(name, file, args, await denoEnvironment(args));
}

async function denoEnvironment(args: string[]): Promise<Environment> {
  const { env } = process;
  const read = readDenoArguments(args);
  if (read.command === "publish") {
    const hint = "Publish to CodeArtifact by npm: `npm publish`. `deno pack` makes the archive.";
    complain(new VouchError("usage", "deno publishes to jsr alone, and needs no token of Vouch's there.", { hint }));
  }
  const home = env["HOME"];
  if (!loadsPackages(read) || !home) return env;
  const endpoints = await endpointTokens("npm");
  if (endpoints.length === 0) return env;
  const here = process.cwd();
  const started = read.words.map((word) => resolve(here, /\.[cm]?[jt]sx?$/.test(word) ? dirname(word) : word));
  const configurations = read.configurations.map((file) => resolve(here, file));
  const project = namedByProject([here, ...started], configurations);
  const { objections, barrier } = await examineForOther({
    tool: "deno",
    files: denoFiles,
    args,
    folders: [...started, ...project.folders],
    named: [...configurations, ...read.files, ...project.files].map((file) => ["deno.lock", file] as const),
    endpoints: endpoints.map(({ endpoint }) => endpoint),
    publishes: false,
    env,
  });
  objections.push(...project.objections);
  for (const objection of objections) complain(objection);
  if (objections.length > 0) return env;
  try {
    return withHome({ ...env, ...barrier }, home, userConfigText(join(home, ".npmrc"), [], endpoints), read);
  } catch (error) {
    complain(VouchError.from(error));
    return env;
  }
}

function withHome(env: Environment, home: string, text: string, read: DenoArguments): Environment {
  const path = inheritedFile(text, readsOnce(read) ? "once" : "always");
  if (path === undefined) {
    throw new VouchError(
      "platform_unsupported",
      "deno gets no token here: that needs Linux, and an ~/.npmrc below 1 MiB.",
      {
        hint: "Use npm, or bun.",
      },
    );
  }
  const own = `${createStateFolder(env)}/deno-${path.replace(/^.*\//, "")}`;
  createAgentFolder(own);
  link(path, join(own, ".npmrc"));
  return {
    ...env,
    HOME: own,
    DENO_DIR: env["DENO_DIR"] || join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "deno"),
    DENO_INSTALL_ROOT: env["DENO_INSTALL_ROOT"] || join(home, ".deno"),
  };
}

/** Makes the link; another deno that starts at the same time makes the same one. */
function link(target: string, path: string): void {
  try {
    if (readlinkSync(path) === target) return;
  } catch {
    // There is none yet.
  }
  const temporary = `${path}.${process.pid}`;
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}
