/** Case "nvm, conda or direnv has changed PATH": whether the shell puts the shims folder first again. */
import { basename } from "node:path";
import type { Environment } from "../../../../base/environment.ts";
import { hookCommand, isHookLine } from "../../../../tools/shell/hook.ts";
import { isPathLine, pathLine } from "../../../../tools/shell/dialects.ts";
import { readSmallFile } from "../../../../tools/checks/small-files.ts";
import { type Finding, type Machine, ok, warning } from "../../../../tools/checks/finding.ts";
import { shimsFolder } from "../../../../tools/shims.ts";
import { shellAdvice } from "../../setup/shell.ts";

/** Programs that change PATH of a running shell, by a variable that each of them sets there. */
const changers: [name: string, variable: string][] = [
  ["nvm", "NVM_DIR"],
  ["fnm", "FNM_MULTISHELL_PATH"],
  ["volta", "VOLTA_HOME"],
  ["asdf", "ASDF_DIR"],
  ["asdf", "ASDF_DATA_DIR"],
  ["mise", "MISE_SHELL"],
  ["pyenv", "PYENV_SHELL"],
  ["conda", "CONDA_SHLVL"],
  ["a virtual environment", "VIRTUAL_ENV"],
  ["direnv", "DIRENV_DIR"],
];

/** Where the hook is: in the shell that has started this process, in one around it, or in none. */
export function hookPlace(env: Environment, parent: number = process.ppid): "here" | "around" | "nowhere" {
  const shell = env["VOUCH_HOOK"];
  if (!shell) return "nowhere";
  return shell === String(parent) ? "here" : "around";
}

/** Returns a finding on the hook where the shims folder is first on PATH. */
export function checkHook({ env }: Machine, parent?: number): Finding[] {
  const line = hookCommand(basename(env["SHELL"] ?? ""));
  if (hookPlace(env, parent) === "here") {
    return [ok("hook", "This shell puts the shims folder first on PATH again, whatever changes PATH.")];
  }
  const found = [...new Set(changers.filter(([, variable]) => env[variable]).map(([name]) => name))];
  if (found.length === 0 || line === undefined) return [];
  const names = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(found);
  const said = `${names} can take the first place on PATH from the shims folder, and this shell has no hook`;
  return [warning("hook", `${said}.`, hookRemedy(env))];
}

/** Whether the start file puts the shims folder on PATH. */
function hasShims(file: string | undefined): boolean {
  const lines = file === undefined ? [] : (readSmallFile(file) ?? "").split("\n");
  return lines.some((line) => isPathLine(line) || isHookLine(line));
}

/** The line to add for the user's shell, and its file; where the file has it already, only that shell is to read it. */
export function hookRemedy(env: Environment): string {
  const { file, now } = shellAdvice(shimsFolder(env), env);
  if (hookPlace(env) === "nowhere" && hasShims(file)) return `Open a new shell, or type in this one: ${now}`;
  const shell = basename(env["SHELL"] ?? "");
  const line = hookCommand(shell) ?? pathLine(shell, shimsFolder(env));
  if (hookCommand(shell) === undefined) return `Put the folder first on PATH: ${line}`;
  return `Last in ${file}: ${line}`;
}
