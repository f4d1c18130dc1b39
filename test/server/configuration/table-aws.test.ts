/** `tag-groups`: groups that AWS can be told of. */
import { expect, test } from "bun:test";
import { settingsTable } from "../../../src/server/configuration/table.ts";

const { parse } = settingsTable["tag-groups"];
const names = (count: number) => Array.from({ length: count }, (_, index) => `group-${index}`);

test.each<[string, string[]]>([
  ["platform", ["platform"]],
  [" platform , Team A:x@y/z.1_2-3,platform", ["platform", "Team A:x@y/z.1_2-3"]],
  [names(40).join(), names(40)],
])("%j is the groups %j", (text, groups) => {
  expect(parse(text)).toEqual(groups);
});

test.each([
  ["", 'Expected --tag-groups GROUP,…, got "" in it.'],
  ["a,,b", 'Expected --tag-groups GROUP,…, got "" in it.'],
  ["plätform", 'Expected --tag-groups GROUP,…, got "plätform" in it.'],
  [names(41).join(), "Expected --tag-groups with 40 groups at most, got 41."],
  ["Platform,data,platform", '--tag-groups has "platform" twice, in another case: AWS takes them for one.'],
])("%j is refused", (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "usage", message }));
});
