/** The shims folder on PATH, where the package managers were set up before. */
import { applyFileChange } from "../../../editing/user-file.ts";
import { shimsFolder } from "../../../tools/shims.ts";
import { neededShims } from "../../../tools/tools.ts";
import { success } from "../../terminal/terminal.ts";
import { shellChange } from "../setup/codeartifact/carry-out.ts";
import { sayShell } from "../setup/codeartifact/outcome/report.ts";
import type { Closing, Situation } from "./step.ts";

/**
 * Does what `--path` says, else asks a person. Returns what is left to do in the shell; undefined where PATH is right.
 * Throws as `shellChange` and `applyFileChange`.
 */
export async function shimsOnPath({ given, settings, isPerson }: Situation): Promise<Closing | undefined> {
  const folder = shimsFolder(process.env);
  const shell = await shellChange({ folder, needed: neededShims(settings, process.env) }, given.path, !isPerson);
  if (shell === undefined) return undefined;
  if (shell.change) {
    applyFileChange(shell.change);
    success(`${shell.change.path}: the shims folder first on PATH`);
  }
  return () => sayShell(shell.advice);
}
