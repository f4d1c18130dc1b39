import { expect, test } from "bun:test";
import { optionIn, trustSettingIn } from "../../../src/tools/yarn/project-files.ts";

test.each([
  ['https-proxy "http://x"', "https-proxy"],
  ['"proxy" "http://x"', "proxy"],
  ['"\\u0070roxy" "x"', "proxy"],
  ["--install.strict-ssl false", "--install.strict-ssl"],
  ["# comment\ncafile x", "cafile"],
  ['a "b\\""\nkey x', "key"],
  ['"--*.https-proxy" "http://x"', "--*.https-proxy"],
  ['"--*.proxy" "http://x"', "--*.proxy"],
  ['"--*.cwd" "./s"', "--*.cwd"],
  ['"--*.use-yarnrc" "./x"', "--*.use-yarnrc"],
  ['"--*.https-proxy=http://x" true', "--*.https-proxy=http://x"],
  ['"--\\u002a.registry" "http://x"', "--*.registry"],
  ['"--in stall.cwd" "./s"', "--in stall.cwd"],
  ['"--*.a.cwd" "./s"', "--*.a.cwd"],
  ["--install.har true", "--install.har"],
  ['--install.unknown "x"', "--install.unknown"],
  ['--install.production "--https-proxy=http://x"', "--https-proxy=http://x"],
  ["--install.no-default-rc true", "--install.no-default-rc"],
  ["'cafile': x", "cafile"],
  ["{cafile: x}", "cafile"],
  ['"\\x63afile": x', "cafile"],
  ['--install.frozen-lockfile true\n"--*.network-timeout" "9"\n--add.exact true', undefined],
  ["# proxy x", undefined],
  ['registry "https://x.example/proxy"', undefined],
  ["a#b c\r# proxy", undefined],
])("in .yarnrc %j the setting that decides about the connection is %p", (text, key) => {
  expect(trustSettingIn(text)).toBe(key as never);
});

test.each([
  ['"--*.https-proxy": "http://x"\n', "--*.https-proxy"],
  ["'--install.cwd': ./s\n", "--install.cwd"],
  ["---\nnodeLinker: node-modules\nnpmScopes:\n  key: {}\n", undefined],
])("in .yarnrc.yml %j what yarn 1 takes for its own is %p", (text, key) => {
  expect(optionIn(text)).toBe(key as never);
});
