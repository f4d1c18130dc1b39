/** Case "the package manager does not use Vouch": environment variables that override its configuration. */
import { type Finding, type Machine, ok, type VariableRule, warns } from "../../../tools/checks/finding.ts";
import { withoutSecrets } from "../../../tools/registry-url.ts";
import { allTools } from "../../../tools/tools.ts";
import { overridingVariables } from "../../../tools/variables.ts";

const rules: VariableRule[] = [
  {
    name: /^VOUCH_IDENTITY$/,
    harm: (value) => warns(`is ${value}: who that is gets the tokens, not your session; it is meant for CI`),
  },
  {
    name: /^CODEARTIFACT_AUTH_TOKEN$/,
    harm: () => warns("holds a token that files may refer to; it ends after 12 hours at most and is not renewed"),
  },
  {
    name: /^AWS_ENDPOINT_URL(_STS|_CODEARTIFACT)?$/,
    harm: (value, { env }) =>
      env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: AWS is asked there, by the agent too where it was started with it`),
  },
  {
    name: /^AWS_USE_DUALSTACK_ENDPOINT$/,
    harm: (value) =>
      value.toLowerCase() === "true"
        ? warns("is true: it holds for AWS's own interfaces; the package hosts that Vouch sets up are the IPv4 ones")
        : undefined,
  },
  ...allTools.flatMap(({ variables }) => variables),
];

/** Returns findings on variables that override what `vouch setup` configured. Hides values that may be secrets. */
export function checkEnvironment(machine: Machine): Finding[] {
  const findings = overridingVariables(machine, rules);
  return findings.length > 0 ? findings : [ok("environment", "No variable overrides what Vouch has set up.")];
}
