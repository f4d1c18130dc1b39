/** hatch's entry in the table of tools. Its shim is enough: hatch drops comments when it writes its file. */
import { type VariableRule, warns } from "../checks/finding.ts";
import { nothingWritten } from "../nothing-written.ts";
import type { Tool } from "../tool.ts";

const variables: VariableRule[] = [
  { name: /^HATCH_INDEX_AUTH$/, harm: () => warns("holds a password that hatch takes before Vouch's") },
];

export const hatch: Tool = {
  format: "pypi",
  programs: ["hatch"],
  ...nothingWritten,
  set: (text = "") => ({ text, warnings: [] }),
  written: () => "nothing: the shim hatch gives the token",
  next: ({ repository }) => [[`hatch publish --repo ${repository}`, "publish yours"]],
  shims: () => ["hatch"],
  runShim: async (name, args) => (await import("./shim.ts")).runHatchShim(name, args),
  needsShim: () => true,
  variables,
  tokenPlaces: () => [],
};
