/** twine's entry in the table of tools. Its shim is enough: no file is edited. */
import { type VariableRule, warns } from "../checks/finding.ts";
import { nothingWritten } from "../nothing-written.ts";
import type { Tool } from "../tool.ts";

const variables: VariableRule[] = [
  { name: /^TWINE_PASSWORD$/, harm: () => warns("holds a password that twine takes before Vouch's") },
];

export const twine: Tool = {
  format: "pypi",
  programs: ["twine"],
  ...nothingWritten,
  set: (text = "") => ({ text, warnings: [] }),
  written: () => "nothing: the shim twine gives the token",
  next: ({ repository }) => [[`twine upload --repository ${repository} dist/*`, "publish yours"]],
  shims: () => ["twine"],
  runShim: async (name, args) => (await import("./shim.ts")).runTwineShim(name, args),
  needsShim: () => true,
  variables,
  // The file that twine shares with others is looked at by pip's check.
  tokenPlaces: () => [],
};
