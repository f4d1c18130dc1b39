/** docs/openapi.yaml is clean under redocly and spectral, by the strictest of the rules that each brings along. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requiresPath } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";

const root = join(import.meta.dir, "../..");
const contract = join(root, "docs/openapi.yaml");
const programs = (tool: string) => join(root, ".tools", tool, "node_modules/.bin");

const linters = [
  { tool: "redocly", arguments: ["lint"] },
  // A hint fails it, too.
  { tool: "spectral", arguments: ["lint", "--fail-severity", "hint"] },
];

describe.each(linters)("$tool", ({ tool, arguments: words }) => {
  const installed = requiresPath(join(programs(tool), tool), `.ci/tools ${tool}`);

  /** What it says of the document, and whether that is nothing bad. */
  function lint(document: string): { success: boolean; output: string } {
    const command = [join(programs(tool), tool), ...words, document];
    const { success, stdout, stderr } = Bun.spawnSync(command, {
      cwd: root,
      env: {
        // Node.js of its own, where the machine's is too old for it.
        PATH: `${programs(tool)}:${process.env["PATH"]}`,
        REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
        NO_COLOR: "1",
      },
    });
    return { success, output: `${stdout.toString()}${stderr.toString()}` };
  }

  test.skipIf(!installed)(
    "finds nothing in docs/openapi.yaml",
    () => {
      expect(lint(contract)).toMatchObject({ success: true });
    },
    120_000,
  );

  test.skipIf(!installed)(
    "refuses the document without the names of its operations",
    () => {
      using folder = tempFolder();
      const spoilt = join(folder.path, "openapi.yaml");
      writeFileSync(spoilt, readFileSync(contract, "utf8").replace(/^ {6}(summary|operationId): .*\n/gm, ""));
      expect(lint(spoilt)).toMatchObject({ success: false });
    },
    120_000,
  );
});
