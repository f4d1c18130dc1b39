import { propertyRuns } from "../../property-runs.ts";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { isMarked, markedIds } from "../../../src/editing/marked.ts";
import { answerLimitMs } from "../../../src/agent/wire/answer-limits.ts";
import { setGradleEndpoints, unsetGradleEndpoints } from "../../../src/tools/gradle/init-script.ts";
import { rejection } from "../../rejection.ts";

const file = "/home/dev/.gradle/init.d/vouch.gradle";
const executable = "/opt/it's/vouch\\";
const ids = ["d/a 123456789012 us-east-1", "d/b 123456789012 us-east-1", "d/c-- 123456789012 us-east-1"];
const set = (text: string | undefined, id: string): string =>
  setGradleEndpoints(text, id, {
    endpoints: [`https://host.example/maven/${id[2]}/`, "https://other.example/"],
    executable,
    file,
  }).text;
const unset = (text: string, id: string): string | undefined => unsetGradleEndpoints(text, id, { executable, file });

test("twice is once, any order of removal leaves the others, and the last one takes the file", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(ids, { minLength: 1 }), fc.nat(), (added, at) => {
      let text: string | undefined;
      for (const id of added) text = set(text, id);
      expect(markedIds(text!, file)).toEqual(added);
      expect(set(text, added.at(-1)!)).toBe(text!);
      const removed = added[at % added.length]!;
      const left = added.filter((id) => id !== removed);
      const after = unset(text!, removed);
      if (left.length === 0) return expect(after).toBeUndefined();
      let again: string | undefined;
      for (const id of left) again = set(again, id);
      expect(after).toBe(again);
      expect(isMarked(after!, removed, file)).toBe(false);
      expect(unset(after!, removed)).toBe(after);
    }),
    { numRuns: propertyRuns },
  );
});

test("strings are those of Groovy in which nothing is expanded", () => {
  expect(set(undefined, ids[0]!)).toContain("def vouch = '/opt/it\\'s/vouch\\\\'\n");
});

test("a build waits as long for the token as vouch may take", () => {
  const { read, publish } = answerLimitMs;
  expect(set(undefined, ids[0]!)).toContain(`def vouchLimitMs = [read: ${read}L, publish: ${publish}L]\n`);
});

test("a file that is not Vouch's stays as it is", async () => {
  for (const text of ["", "println 'mine'\n", "// mine\n"]) {
    expect(await rejection(() => set(text, ids[0]!))).toMatchObject({
      code: "edit_conflict",
      message: `${file} is not what Vouch has written, and stays as it is.`,
    });
  }
});
