import { describe, expect, test } from "bun:test";
import { isHarmless } from "../../../../src/tools/npm/guard/addresses.ts";
import {
  findOtherRepository,
  hasOwnRepositoriesOnly,
  otherRepositoryIn,
} from "../../../../src/tools/npm/guard/repositories.ts";

const addresses = ["our.example/npm/repo/", "our.example/npm/second/"];

describe.each<[url: string, isOther: boolean]>([
  ["https://our.example/npm/other/x.tgz", true],
  ["https://OUR.example/npm/other/x.tgz", true],
  ["https://our.example:443/npm/other/x.tgz", true],
  ["https://our.example./npm/other/x.tgz", true],
  ["https://u@our.example/npm/other/x.tgz", true],
  ["https://%6fur.example/npm/other/x.tgz", true],
  ["https:our.example/npm/other/x.tgz", true],
  ["https:\\\\our.example\\npm\\other", true],
  ["ht\ntps://our.example/npm/other/x.tgz", true],
  ["https://our.example/npm/repo-2/x.tgz", true],
  ["https://our.example/npm/repo/../other/x.tgz", true],
  ["https://our.example/npm/repo/%2e%2e/other/x.tgz", true],
  ["https://our.example/npm/repo/..%2fother/x.tgz", true],
  ["https://our.example/npm/repo/%2e.%2Fother/x.tgz", true],
  ["https://our.example/npm/repo/..%5cother/x.tgz", true],
  ["https://our.example/npm/repo/..%252fother/x.tgz", true],
  ["https://our.example/npm/other/../repo/x.tgz", true],
  ["https://our.example/", true],
  ["x@https://our.example/npm/other/x.tgz", true],
  ["https://our.example/npm/repo/x/-/x-1.0.0.tgz#..", false],
  ["https://our.example/npm/repo/@acme%2flib/-/@acme/lib-1.0.0.tgz", false],
  ["https://our.example/npm/repo/x..y/-/x..y-1.0.0.tgz", false],
  ["https://our.example:443/npm/repo/x.tgz", false],
  ["https://our.example/npm/repo", false],
  ["https://our.example/npm/second/x.tgz", false],
  ["https://other.example/npm/other/x.tgz", false],
  ["https://our.example.evil.example/npm/other/", false],
  ["https://other.example/our.example/", false],
])("the URL %j", (url, isOther) => {
  test(`leads to another repository of the host: ${isOther}`, () => {
    expect(findOtherRepository(url, addresses) !== undefined).toBe(isOther);
    const text = JSON.stringify({ resolved: url });
    // Whatever leads there is also parsed.
    if (isOther) expect(isHarmless(text) && hasOwnRepositoriesOnly(text, addresses)).toBe(false);
  });
});

test("the keys and values of a document are searched for them, and the place is named", () => {
  const url = "https://our.example/npm/other/x.tgz";
  expect(otherRepositoryIn({ packages: { x: { resolved: url } } }, addresses)?.key).toBe("packages.x.resolved");
  expect(otherRepositoryIn({ list: [{ [`x@${url}`]: 1 }] }, addresses)?.key).toBe(`list.0.x@${url}`);
  expect(otherRepositoryIn({ a: [1, null, "https://our.example/npm/repo/"] }, addresses)).toBeUndefined();
});

test.each([
  ['{"resolved":"https://our.example/npm/repo/x/-/x-1.0.0.tgz","y":"https://z.example/y"}', true],
  ['{"resolved":"https://our.example/npm/other/x/-/x-1.0.0.tgz"}', false],
  ['{"resolved":"https://u@registry.example/"}', false],
])("the text %j can be passed without parsing: %p", (text, expected) => {
  expect(hasOwnRepositoriesOnly(text, addresses)).toBe(expected);
});
