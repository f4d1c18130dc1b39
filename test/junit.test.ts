import { expect, test } from "bun:test";
import { join } from "node:path";
import { testEnvironment } from "./environment.ts";
import { addOutcomes, describeFailures, errorsOutsideTests, readReport } from "./junit.ts";
import { tempFolder } from "./temp-folder.ts";

const suite = `
import { describe, expect, test } from "bun:test";
describe("a group", () => {
  test("passes", () => expect(1).toBe(1));
  test("throws", () => { throw new Error('one <two> "three" & four'); });
  test.skip("waits", () => {});
  test("takes too long", () => new Promise(() => {}), 1);
});
test("differs", () => expect({ a: 1 }).toEqual({ a: 2 }));
`;

test("the report of a real run has every failed test with its reason", async () => {
  using folder = tempFolder();
  await Bun.write(join(folder.path, "some.test.ts"), suite);
  const file = join(folder.path, "junit.xml");
  const run = Bun.spawnSync([process.execPath, "test", "--reporter=junit", `--reporter-outfile=${file}`], {
    cwd: folder.path,
    stdio: ["ignore", "ignore", "ignore"],
    env: testEnvironment(folder.path),
  });
  expect(run.exitCode).toBe(1);
  const outcome = readReport(await Bun.file(file).text());
  expect(outcome).toEqual({
    tests: 5,
    failures: 3,
    skipped: 1,
    failed: [
      { test: "some.test.ts:5: a group > throws", message: 'one <two> "three" & four' },
      { test: "some.test.ts:7: a group > takes too long", message: "test timed out" },
      { test: expect.stringMatching(/^some\.test\.ts:9: .*differs$/), message: expect.stringContaining('+   "a": 1') },
    ],
  });
  expect(describeFailures(outcome.failed, 1)).toMatch(
    /^FAILED some\.test\.ts:5: a group > throws\n {4}one <two> "three" & four\nFAILED .*\n {4}test timed out\nFAILED .*differs\n {4}expect.*\n {4}\[\d+ lines more above\]\n {4}.+$/,
  );
  expect(addOutcomes([outcome, outcome])).toMatchObject({ tests: 10, failures: 6, skipped: 2 });
});

test("an error outside of a test is named, which the report does not have", async () => {
  using folder = tempFolder();
  await Bun.write(join(folder.path, "one.test.ts"), 'import { test } from "bun:test"; test("passes", () => {});');
  await Bun.write(join(folder.path, "two.test.ts"), 'throw new Error("not installed: a program");');
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "test"], {
    cwd: folder.path,
    stdio: ["ignore", "ignore", "pipe"],
    env: testEnvironment(folder.path),
  });
  expect(exitCode).toBe(1);
  expect(errorsOutsideTests(stderr.toString())).toEqual({
    tests: 1,
    failures: 1,
    skipped: 0,
    failed: [
      {
        test: "two.test.ts: outside of a test",
        message: expect.stringContaining("error: not installed: a program"),
      },
    ],
  });
});

test("what is no report counts as no test", () => {
  expect(readReport("")).toEqual({ tests: 0, failures: 0, skipped: 0, failed: [] });
});
