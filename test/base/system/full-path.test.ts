import { expect, test } from "bun:test";
import { rmdirSync } from "node:fs";
import { join } from "node:path";
import { fullPath } from "../../../src/base/system/full-path.ts";
import { checkAuditFile } from "../../../src/server/audit/file.ts";
import { sqlitePath } from "../../../src/server/store/open.ts";
import { tempFolder } from "../../temp-folder.ts";

test("a relative path is in the working folder, and an absolute one is what it is", () => {
  expect(fullPath("a/../b")).toBe(join(process.cwd(), "b"));
  expect(fullPath("/a/../b")).toBe("/b");
});

test("a relative path in a folder that was deleted names nothing", () => {
  using folder = tempFolder();
  const before = process.cwd();
  const gone = join(folder.path, "gone");
  try {
    Bun.spawnSync(["mkdir", gone]);
    process.chdir(gone);
    rmdirSync(gone);
    expect(() => fullPath("a")).toThrow("a is in the working folder, which was deleted.");
    expect(() => sqlitePath("sqlite:server.db")).toThrow("server.db is in the working folder, which was deleted.");
    expect(() => checkAuditFile("audit.jsonl", ["/b"])).toThrow("audit.jsonl is in the working folder");
    expect(sqlitePath("sqlite:/var/lib/server.db")).toBe("/var/lib/server.db");
  } finally {
    process.chdir(before);
  }
});
