import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examineProject } from "../../../../src/tools/npm/guard/project/project.ts";
import { namesIn, realPath, textOf } from "../../../../src/tools/npm/guard/files.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const folder = tempFolderUntil(afterAll, "/tmp");
const place = (name: string) => join(folder, name);
writeFileSync(place("text"), "é\n");
writeFileSync(place("large"), "");
truncateSync(place("large"), (1 << 28) + 1);
mkdirSync(place("inner"));
symlinkSync("text", place("link"));
symlinkSync("missing", place("dangling"));
Bun.spawnSync(["mkfifo", place("pipe")]);

describe("a project's file is read without an error and without waiting", () => {
  test.each([
    ["text", "é\n", 0],
    ["link", "é\n", 0],
    ["missing", undefined, 0],
    ["dangling", undefined, 0],
    ["inner", undefined, 0],
    ["pipe", undefined, 0],
    ["large", undefined, 1],
  ])("%s gives %p, and is refused %p times", (name, text, times) => {
    let refused = 0;
    expect(textOf(place(name), () => refused++)).toBe(text);
    expect(refused).toBe(times);
  });
});

test("a settings file that is too large to be checked prevents a token", async () => {
  const project = place("project");
  mkdirSync(project);
  writeFileSync(join(project, ".npmrc"), "");
  truncateSync(join(project, ".npmrc"), (1 << 28) + 1);
  const answer = await examineProject({
    tool: "npm",
    readers: ["npm"],
    folders: [project],
    hosts: ["host.example"],
    addresses: ["host.example/npm/repo/"],
    replacedHosts: [],
    env: {},
    userFiles: [],
    publishes: false,
  });
  expect(answer.objections).toEqual([
    { file: join(project, ".npmrc"), key: "the file", why: "is too large to be checked" },
  ]);
});

test("names are those of the pattern, none in what is no folder, and a link that leads nowhere stays", () => {
  expect(namesIn(folder, "l*").toSorted()).toEqual(["large", "link"]);
  expect(namesIn(place("text"), "*")).toEqual([]);
  expect(realPath(place("link"))).toBe(place("text"));
  expect(realPath(place("dangling"))).toBe(place("dangling"));
});
