import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { documentedStates, documents } from "./documented.ts";

const sources = await Promise.all(
  [...new Glob("**/*.test.ts").scanSync(import.meta.dir)].map((path) => Bun.file(`${import.meta.dir}/${path}`).text()),
);

describe.each([...documents])("docs/%s", (document) => {
  test.each([...documentedStates(document).keys()])("what is seen in the state %p is tested", (state) => {
    expect(sources.some((source) => source.includes(JSON.stringify(state)))).toBe(true);
  });
});
