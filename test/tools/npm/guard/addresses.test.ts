import { describe, expect, test } from "bun:test";
import { findInDocument, findUnsafeAddress, isHarmless } from "../../../../src/tools/npm/guard/addresses.ts";

const hosts = ["our.example"];

const addresses: [text: string, isUnsafe: boolean][] = [
  ["http://our.example/npm/repo/", true],
  ["HTTP://OUR.EXAMPLE/npm/repo/", true],
  ["http://our.example:80/", true],
  ["http://our.example:8080/", true],
  ["http://user:word@our.example/", true],
  ["http://our.example./", true],
  ["http://%6fur.example/", true],
  ["http://ｏｕｒ.example/", true],
  ["http:our.example/", true],
  ["http:\\\\our.example\\npm", true],
  ["ht\ntp://our.example/", true],
  ["http://our\t.example/", true],
  ["x@http://our.example/x.tgz", true],
  ["https://our.example:8443/npm/", true],
  ["https://our.example/npm/repo/", false],
  ["https://our.example:443/npm/repo/", false],
  ["http://other.example/our.example", false],
  ["http://our.example.evil.example/", false],
  ["http://evil.example/?http=https://our.example/", false],
  ["our.example", false],
];

describe.each(addresses)("the address %j", (text, isUnsafe) => {
  test(`is unsafe: ${isUnsafe}`, () => {
    expect(findUnsafeAddress(text, hosts) !== undefined).toBe(isUnsafe);
    // Whatever is unsafe is also parsed: as JSON, and as YAML in quotes.
    if (isUnsafe) expect(isHarmless(JSON.stringify({ resolved: text }))).toBe(false);
  });
});

test("the keys and values of a document are searched for addresses, and the place is named", () => {
  const document = { packages: { "node_modules/x": { resolved: "http://our.example/x.tgz" } } };
  expect(findInDocument(document, hosts)?.key).toBe("packages.node_modules/x.resolved");
  expect(findInDocument({ list: [{ "x@http://our.example/x.tgz": 1 }] }, hosts)?.key).toBe(
    "list.0.x@http://our.example/x.tgz",
  );
  expect(findInDocument({ a: [1, null, true, "https://our.example/"] }, hosts)).toBeUndefined();
});

test.each([
  ['{"resolved":"https://registry.example/x/-/x-1.0.0.tgz"}', true],
  ["lockfileVersion: '9.0'\npackages:\n  x@1.0.0: {resolution: {integrity: sha512-x==}}\n", true],
  ["peerDependencies:\n  x: '>=1 || ^2'\n", true],
  ['{"resolved":"\\u0068ttp://our.example/"}', false],
  ["tarball: >-\n  ht\n  tp://our.example/\n", false],
  ["tarball: |\n  x\n", false],
  ['{"resolved":"https://u@registry.example/"}', false],
])("the text %j can be passed without parsing: %p", (text, expected) => {
  expect(isHarmless(text)).toBe(expected);
});

test.each([
  ["http://registry.npmjs.example/x.tgz", ["*.npmjs.*"], true],
  ["https://registry.npmjs.example:8443/x.tgz", ["*.npmjs.*"], true],
  ["https://registry.npmjs.example/x.tgz", ["*.npmjs.*"], false],
  ["http://npmjs.example/x.tgz", ["*.npmjs.*"], false],
  ["http://other.example/x.tgz", ["*.npmjs.*"], false],
  ["http://other.example/x.tgz", ["*"], true],
  ["https://other.example/x.tgz", ["*"], false],
])("the address %s is unsafe for the pattern %j: %p", (address, patterns, isUnsafe) => {
  expect(findUnsafeAddress(address, patterns) !== undefined).toBe(isUnsafe);
});
