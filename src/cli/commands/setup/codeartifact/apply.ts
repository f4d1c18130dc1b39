/** Applies a plan: writes files, links and settings. */
import { loadReplacedLines, replacedLinesPath, saveReplacedLines } from "../../../../editing/replaced-lines.ts";
import { applyShims } from "../../../../tools/shims.ts";
import { saveSettings, type Settings } from "../../../../settings/settings.ts";
import { applyFileChange } from "../../../../editing/user-file.ts";
import type { Plan } from "./plan.ts";

/**
 * Writes the changes of the plan. Crash safety: the settings list a repository before the first file has it and until
 * the last file has lost it, so after a failure, a repeat or `--remove` finds everything.
 */
export function applyPlan(plan: Plan, before: Settings, executable: string, remove: boolean): void {
  const replacedPath = replacedLinesPath();
  const save = (): void => {
    if (!Bun.deepEquals(loadReplacedLines(replacedPath), plan.replaced)) saveReplacedLines(plan.replaced, replacedPath);
    if (!Bun.deepEquals(before, plan.settings)) saveSettings(plan.settings);
  };
  if (!remove) save();
  for (const change of plan.tools) applyFileChange(change);
  applyShims(plan.shims.folder, plan.shims.needed, executable);
  for (const change of plan.shells) applyFileChange(change);
  if (remove) save();
}
