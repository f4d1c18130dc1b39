/** The file that the agent writes its log to: what is in its place, how long it gets, what a failed write costs. */
import { beforeEach, expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { LogFile } from "../../../src/agent/process/log-file.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { until } from "../harness.ts";

let root: string;
let path: string;
beforeEach(() => {
  root = tempFolderUntil(onTestFinished);
  path = join(root, "state/vouch/agent.log");
});

const lines = (file = path) => readFileSync(file, "utf8").trimEnd().split("\n");

/** The folder as the log itself makes it. */
function makeFolder(): void {
  mkdirSync(join(root, "state/vouch"), { recursive: true, mode: 0o700 });
}

test("each line of the log has its time, in a file and a folder for the user alone", () => {
  const log = new LogFile(path);
  log.write("first");
  log.write("second");
  expect(log.failure).toBeUndefined();
  expect(lines()).toEqual([expect.stringMatching(/^\d{4}-\S+Z first$/), expect.stringMatching(/^\d{4}-\S+Z second$/)]);
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(statSync(join(root, "state/vouch")).mode & 0o7777).toBe(0o700);
});

test("a log that others can read is closed to them", () => {
  makeFolder();
  writeFileSync(path, "old\n", { mode: 0o644 });
  chmodSync(path, 0o644);
  new LogFile(path).write("new");
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(lines()).toEqual(["old", expect.stringContaining(" new")]);
});

test("the log and its predecessor stay within the limit, and the newest lines are kept", () => {
  const log = new LogFile(path, 1_000);
  for (let count = 0; count < 200; count++) log.write(`line ${count}`);
  expect(log.failure).toBeUndefined();
  for (const file of [path, `${path}.1`]) {
    expect(statSync(file).size).toBeLessThanOrEqual(1_000);
    expect(statSync(file).mode & 0o7777).toBe(0o600);
  }
  expect(lines().at(-1)).toEndWith(" line 199");
  const kept = [...lines(`${path}.1`), ...lines()].map((line) => Number(line.split(" ").at(-1)));
  expect(kept).toEqual(Array.from(kept, (_, index) => 200 - kept.length + index));
});

test("where the predecessor cannot be replaced, the log is emptied and stays within the limit", () => {
  makeFolder();
  mkdirSync(join(`${path}.1`, "in the way"), { recursive: true });
  const log = new LogFile(path, 1_000);
  for (let count = 0; count < 100; count++) log.write(`line ${count}`);
  expect(log.failure).toBeUndefined();
  expect(statSync(path).size).toBeLessThanOrEqual(1_000);
  expect(lines().at(-1)).toEndWith(" line 99");
});

test("a link in the place of the log's predecessor is replaced, not followed", () => {
  makeFolder();
  const victim = join(root, "victim");
  writeFileSync(victim, "untouched");
  symlinkSync(victim, `${path}.1`);
  const log = new LogFile(path, 100);
  for (let count = 0; count < 10; count++) log.write(`line ${count}`);
  expect(readFileSync(victim, "utf8")).toBe("untouched");
  expect(lstatSync(`${path}.1`).isFile()).toBe(true);
});

test("a line of the log is cut to a maximum length", () => {
  new LogFile(path).write("x".repeat(100_000));
  expect(statSync(path).size).toBeLessThan(5_000);
});

test("a log that was deleted is created again", () => {
  const log = new LogFile(path);
  log.write("first");
  rmSync(join(root, "state"), { recursive: true });
  log.write("second");
  expect(lines()).toEqual([expect.stringMatching(/ second$/)]);
});

const victim = () => join(root, "victim");
test.each<[string, () => void, string]>([
  ["a symbolic link", () => symlinkSync(victim(), path), "it is a symbolic link"],
  ["a symbolic link to nothing", () => symlinkSync(join(root, "nothing"), path), "it is a symbolic link"],
  ["a hard link", () => linkSync(victim(), path), "it has a second name (a hard link)"],
  ["a named pipe", () => Bun.spawnSync(["mkfifo", path]), "it is not a regular file"],
  ["a folder", () => mkdirSync(path), "it is not a regular file"],
])("%s in the log's place is refused and left as it is", (_, place, failure) => {
  makeFolder();
  writeFileSync(victim(), "untouched");
  place();
  const log = new LogFile(path);
  log.write("line");
  expect(log.failure).toBe(failure);
  expect(readFileSync(victim(), "utf8")).toBe("untouched");
  expect(existsSync(join(root, "nothing"))).toBe(false);
});

test("a named pipe in the log's place is refused even while somebody reads it", async () => {
  makeFolder();
  Bun.spawnSync(["mkfifo", path]);
  const reader = Bun.spawn(["cat", path], { stdout: "pipe" });
  const log = new LogFile(path);
  // The reader's open(2) returns once it meets ours.
  await until(() => {
    log.write("line");
    return reader.exitCode !== null;
  });
  expect(log.failure).toBe("it is not a regular file");
  expect(await new Response(reader.stdout).text()).toBe("");
});

test.each<[string, () => void, string]>([
  ["a link", () => symlinkSync(root, join(root, "state/vouch")), "is a link"],
  ["one that others may write to", () => mkdirSync(join(root, "state/vouch")), "others may write to"],
])("a log folder that is %s is refused", (_, place, failure) => {
  mkdirSync(join(root, "state"));
  place();
  if (lstatSync(join(root, "state/vouch")).isDirectory()) chmodSync(join(root, "state/vouch"), 0o770);
  const log = new LogFile(path);
  log.write("line");
  expect(log.failure).toContain(failure);
  expect(existsSync(path)).toBe(false);
});

test("lines that could not be written are counted in the next one that can", () => {
  makeFolder();
  mkdirSync(path);
  const log = new LogFile(path);
  log.write("first");
  log.write("second");
  rmSync(path, { recursive: true });
  log.write("third");
  expect(log.failure).toBeUndefined();
  expect(lines()).toEqual([expect.stringMatching(/ third \(2 lines before this one were lost\)$/)]);
});
