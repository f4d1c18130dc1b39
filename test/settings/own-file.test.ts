import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { loadOwnFile } from "../../src/settings/own-file.ts";
import { tempFolder } from "../temp-folder.ts";

const schema = v.strictObject({ version: v.literal(1) });
const hint = "Delete the file.";

test("a file that Vouch has written is read, and one that is not there is none", () => {
  using folder = tempFolder();
  const path = join(folder.path, "own.json");
  expect(loadOwnFile(path, schema, hint)).toBeUndefined();
  writeFileSync(path, '{"version":1}');
  expect(loadOwnFile(path, schema, hint)).toEqual({ version: 1 });
});

test.each(["", "no JSON", "null", '{"version":2}'])(
  "a file that holds %p is not Vouch's, and the hint says what to do",
  (text) => {
    using folder = tempFolder();
    const path = join(folder.path, "own.json");
    writeFileSync(path, text);
    expect(() => loadOwnFile(path, schema, hint)).toThrow(
      expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining(path), hint }),
    );
  },
);

test("a named pipe in its place is an error, and is not waited for", () => {
  using folder = tempFolder();
  const path = join(folder.path, "own.json");
  Bun.spawnSync(["mkfifo", path]);
  expect(() => loadOwnFile(path, schema, hint)).toThrow(
    expect.objectContaining({ code: "file_error", message: `${path} cannot be read: it is not a regular file.` }),
  );
});
