/** Carries out a plan: asks about PATH, and writes. */
import { existsSync } from "node:fs";
import { isatty } from "node:tty";
import { type FileChange, readUserFile } from "../../../../editing/user-file.ts";
import { type Settings, settingsPath } from "../../../../settings/settings.ts";
import { addShimsToPath } from "../../../../tools/shell/start-file.ts";
import type { ToolName } from "../../../../tools/tools.ts";
import { confirm } from "../../../terminal/prompt.ts";
import { note } from "../../../terminal/terminal.ts";
import { isFirstOnPath, shellAdvice } from "../shell.ts";
import { applyPlan } from "./apply.ts";
import type { Endpoints } from "./endpoint.ts";
import type { Outcome } from "./outcome/report.ts";
import type { Plan } from "./plan.ts";
import { listed } from "./selected-tools.ts";

interface Planned {
  plan: Plan;
  /** Before the plan. */
  settings: Settings;
  names: ToolName[];
  source: Endpoints | undefined;
  remove: boolean;
  executable: string;
}

export interface Manner {
  /** `--path`. */
  path: string | undefined;
  dryRun: boolean;
  /** Asks nobody. */
  isSilent: boolean;
}

/** Applies the plan, and the change of the shell's start file that was agreed to; with `dryRun` nothing. */
export async function carryOut(
  { plan, settings, names, source, remove, executable }: Planned,
  { path, dryRun, isSilent }: Manner,
): Promise<Outcome> {
  const settingsAreNew = !existsSync(settingsPath());
  const shell = remove ? undefined : await shellChange(plan.shims, path, isSilent);
  const changes = shell?.change ? { ...plan, shells: [...plan.shells, shell.change] } : plan;
  if (!dryRun) applyPlan(changes, settings, executable, remove);
  return {
    plan: changes,
    settingsAreNew,
    settingsBefore: settings,
    names,
    source,
    dryRun,
    remove,
    shell: shell?.advice,
  };
}

/**
 * Returns advice on PATH, and the change of the shell's start file if the user agreed to it; undefined where PATH is
 * right. Throws `cancelled`, `edit_conflict`.
 */
export async function shellChange(
  shims: Pick<Plan["shims"], "folder" | "needed">,
  path: string | undefined,
  silent: boolean,
): Promise<{ advice: Outcome["shell"]; change?: FileChange } | undefined> {
  if (shims.needed.length === 0) return undefined;
  // PATH of this shell only; new shells need the start file's line, which `--path yes` adds.
  const here = isFirstOnPath(shims.folder, shims.needed, process.env);
  if (path !== "yes" && here) return undefined;
  const { lines, ...advice } = shellAdvice(shims.folder);
  const { file } = advice;
  if (file === undefined || path === "no") return { advice };
  const before = readUserFile(file);
  const after = addShimsToPath(before, lines, file);
  if (before === after) return here ? undefined : { advice: { ...advice, present: true } };
  const ask = path === undefined && !silent && isatty(0) && isatty(2);
  if (ask) {
    note(
      `${listed(shims.needed)} ${shims.needed.length > 1 ? "get their" : "gets its"} token through a link to Vouch, which must come first on PATH. On no, you get the line to put there yourself.`,
    );
  }
  const agreed = path === "yes" || (ask && (await confirm(`Put the shims folder first on PATH, in ${file}?`, true)));
  return agreed ? { advice: { ...advice, added: true, here }, change: { path: file, before, after } } : { advice };
}
