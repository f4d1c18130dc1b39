/** A package manager that does not exist: all that a new one needs in its folder, for imaginary.test.ts. */
import { insertBlocks, removeBlocks, splitLines } from "../../../src/editing/block.ts";
import { endpointTokens, tokenVariables } from "../../../src/helper/tokens.ts";
import { becomeRealCommand, findRealCommand } from "../../../src/helper/real-command.ts";
import { failure, ok } from "../../../src/tools/checks/finding.ts";
import { readSmallFile } from "../../../src/tools/checks/small-files.ts";
import type { Tool } from "../../../src/tools/tool.ts";

const line = (endpoint: string, variable: string): string => `source ${endpoint} token-from ${variable}`;

export const imaginary: Tool = {
  format: "ruby",
  programs: ["imaginary"],
  path: ({ HOME = "" }) => `${HOME}/.imaginaryrc`,
  needsVariable: true,
  set: (text, { endpoints, tokenVariable }, { id, file }) => {
    const before =
      text === undefined ? undefined : imaginary.unset(text, id, { id, file, executable: "", endpoints: [] }, () => {});
    const end = splitLines(before ?? "").length;
    const edits = [{ from: end, to: end, lines: [line(endpoints.ruby!, tokenVariable!)] }];
    return { text: insertBlocks(before, id, edits, { file, undo: "vouch setup codeartifact --remove" }), warnings: [] };
  },
  unset: (text, id, { file }, onKept) =>
    removeBlocks(text, id, { file, isOwn: (each) => each.startsWith("source "), onKept }),
  written: () => "the source",
  next: () => [["imaginary get PACKAGE", "get a package"]],
  hasDefault: false,
  settings: [],
  takesAll: () => false,
  warnings: () => [],
  shims: () => ["imaginary"],
  runShim: async (name, args) =>
    becomeRealCommand(name, findRealCommand(name), args, {
      ...process.env,
      ...tokenVariables(await endpointTokens("ruby")),
    }),
  needsShim: () => true,
  check: ({ home, settings }) =>
    settings.repositories.some(({ files }) => files?.["imaginary"] !== undefined)
      ? [
          readSmallFile(`${home}/.imaginaryrc`)?.includes("source ")
            ? ok("imaginary-source", "imaginary has its source.")
            : failure("imaginary-source", "imaginary has no source.", "vouch doctor --fix"),
        ]
      : [],
  variables: [],
  tokenPlaces: () => [],
};
