import { expect, test } from "bun:test";
import { trustSettingIn } from "../../../src/tools/yarn/project-files.ts";

test.each([
  ['https-proxy "http://x"', "https-proxy"],
  ['"proxy" "http://x"', "proxy"],
  ['"\\u0070roxy" "x"', "proxy"],
  ["--install.strict-ssl false", "--install.strict-ssl"],
  ["# comment\ncafile x", "cafile"],
  ['a "b\\""\nkey x', "key"],
  ["# proxy x", undefined],
  ['registry "https://x.example/proxy"', undefined],
  ["a#b c\r# proxy", undefined],
])("in .yarnrc %j the setting that decides about the connection is %p", (text, key) => {
  expect(trustSettingIn(text)).toBe(key as never);
});
