/** What the bench says of a figure that cannot be measured, and of the others. */
import { expect, spyOn, test } from "bun:test";
import { attempt, figures, report, reportRatio } from "./report.ts";

test("what fails is named with its reason and is null; what was measured before it, and after it, stays", async () => {
  const lines: string[] = [];
  const log = spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await attempt(["test_first", "test_broken"], async () => {
    report("test_first", [3, 1, 2], "words");
    await Promise.reject(new Error("/usr/bin/aws ended with 127"));
  });
  await attempt(["test_ratio"], async () => reportRatio("test_ratio", "a", [2, 4, 9], "b", [1, 1, 3]));
  log.mockRestore();
  expect(figures()).toEqual({
    test_first: 2,
    test_broken: null,
    test_ratio: 3,
    spread: { test_first: { min: 1, median: 2, max: 3 }, test_ratio: { min: 2, median: 3, max: 4 } },
  });
  expect(lines).toContain("test_broken is not measured: /usr/bin/aws ended with 127");
});
