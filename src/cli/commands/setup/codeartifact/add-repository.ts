/** Sets up a repository: plans it, asks what is open, and writes. */
import { valuesOf } from "../../../framework/arguments.ts";
import type { Settings } from "../../../../settings/settings.ts";
import type { ToolName } from "../../../../tools/tools.ts";
import { type AdditionFlags, planAddition } from "./addition.ts";
import { carryOut, type Manner } from "./carry-out.ts";
import type { DraftContext } from "./draft.ts";
import type { Outcome } from "./outcome/report.ts";
import { saidOfSharing } from "./shared-setup.ts";

/**
 * `words`: of the command; `named`: the tools, each that is installed without them. Undefined if a person answers that
 * none shall be set up. Throws as `planAddition`.
 */
export async function addRepository(
  flags: AdditionFlags,
  words: readonly string[],
  named: ToolName[],
  settings: Settings,
  { path, dryRun, isSilent, ...context }: DraftContext & Manner,
): Promise<Outcome | undefined> {
  const addition = await planAddition(flags, words, named, settings, context);
  if (addition === undefined) return undefined;
  addition.plan.warnings.push(...saidOfSharing(valuesOf(words, "--tool"), context.env));
  const planned = { ...addition, settings, remove: false, executable: context.executable };
  return carryOut(planned, { path, dryRun, isSilent });
}
