/** Variables of the environment that override what `vouch setup` has configured. */
import { failure, type Finding, type Machine, type VariableRule, warning } from "./checks/finding.ts";

/** A finding for each variable that a rule objects to. Hides values that may be secrets. */
export function overridingVariables(machine: Machine, rules: readonly VariableRule[]): Finding[] {
  return Object.entries(machine.env).flatMap(([name, value]): Finding[] => {
    const harm = value ? rules.find((rule) => rule.name.test(name))?.harm(value, machine, name) : undefined;
    if (!harm) return [];
    const make = harm.status === "fail" ? failure : warning;
    // A shell cannot unset a name that contains slashes.
    const remedy = harm.remedy ?? (/^\w+$/.test(name) ? `unset ${name}` : "Leave the shell that set it.");
    return [make("environment", `The variable ${name} ${harm.found}.`, remedy)];
  });
}
