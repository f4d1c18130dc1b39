/** Asks the package managers themselves what their settings come to. */
import { runProgram } from "../../../base/system/program.ts";
import { VouchError } from "../../../base/errors.ts";
import { type Finding, type Machine, warning } from "../../../tools/checks/finding.ts";
import { findInstalled } from "../../../tools/shims.ts";
import { allTools, toolNames, tools } from "../../../tools/tools.ts";
import type { Tool } from "../../../tools/tool.ts";

/** Milliseconds; npm and pip take a third of a second. */
const limitMs = 10_000;

/** The findings of every tool that is set up, installed, and has an answer. All are asked at once. */
export async function askTools(machine: Machine): Promise<Finding[]> {
  const isSetUp = (tool: Tool): boolean => {
    const name = toolNames.find((each) => tools[each] === tool)!;
    return machine.settings.repositories.some(({ files }) => files?.[name] !== undefined);
  };
  return (await Promise.all(allTools.filter(isSetUp).map((tool) => askTool(tool, machine)))).flat();
}

async function askTool({ asks }: Tool, machine: Machine): Promise<Finding[]> {
  const file = asks && findInstalled(asks.program, machine.env);
  if (asks === undefined || file === undefined) return [];
  const question = `${asks.program} ${asks.args.join(" ")}`;
  try {
    const { exitCode, stdout } = await runProgram(file, asks.args, { env: machine.env, timeoutMs: limitMs });
    // Without a value pip ends with 1: its files were looked at already.
    return exitCode === 0 ? [asks.judge(stdout, machine) ?? []].flat() : [];
  } catch (error) {
    return [warning("answer", `\`${question}\` gave no answer: ${VouchError.from(error).message}`, question)];
  }
}
