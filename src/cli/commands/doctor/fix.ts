/** `vouch doctor --fix`: repeats the setup of what is set up, which is safe at any time. */
import { stableExecutable } from "../../../tools/executable.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../editing/replaced-lines.ts";
import type { Environment } from "../../../base/environment.ts";
import type { Settings } from "../../../settings/settings.ts";
import { applyPlan } from "../setup/codeartifact/apply.ts";
import { planRepetition } from "../setup/codeartifact/plan.ts";

export interface Fixed {
  /** The files that were changed. */
  files: string[];
  /** The links that were made and removed. */
  links: string[];
  warnings: string[];
}

/**
 * Puts back the lines and links of every repository that is set up, where they are missing or of an earlier version.
 * Nothing else is touched. Throws as the setup does.
 */
export function repeatSetup(settings: Settings, env: Environment): Fixed {
  const executable = stableExecutable(env);
  const plan = planRepetition(settings, { env, executable, replaced: loadReplacedLines(replacedLinesPath(env)) });
  applyPlan(plan, settings, executable, false);
  const { added, removed } = plan.shims.changes;
  return {
    files: plan.tools.filter(({ before, after }) => before !== after).map(({ path }) => path),
    links: [...added, ...removed],
    warnings: plan.warnings,
  };
}
