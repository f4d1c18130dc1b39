/** All environment variables, for the manual page and docs/environment.md. */
import type { VariableGroup } from "../src/cli/framework/variable.ts";
import { variableGroups } from "../src/cli/framework/variables.ts";
import { serverVariables } from "../src/server/configuration/documentation.ts";

/** Those of the command line and of the server; what Vouch sets itself is the last. */
export const allVariableGroups: readonly VariableGroup[] = [
  ...variableGroups.slice(0, -1),
  serverVariables,
  ...variableGroups.slice(-1),
];
