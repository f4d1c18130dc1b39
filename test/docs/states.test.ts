import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { documentedStates, documents } from "./states.ts";

const tests = join(import.meta.dir, "..");
const sources = await Promise.all(
  [...new Glob("**/*.test.ts").scanSync(tests)].map((path) => Bun.file(join(tests, path)).text()),
);

describe.each([...documents])("docs/%s", (document) => {
  test.each([...documentedStates(document).keys()])("what is seen in the state %p is tested", (state) => {
    expect(sources.some((source) => source.includes(JSON.stringify(state)))).toBe(true);
  });
});
