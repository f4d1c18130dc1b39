import { expect, test } from "bun:test";
import { optionIn, trustSettingIn, yarnFiles } from "../../../src/tools/yarn/project-files.ts";

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
  ['"//evil.example/:_authToken" "x"', "//evil.example/:_authToken"],
  ['"//evil.example/:\\u005fpassword" ""', "//evil.example/:_password"],
  ["'//evil.example/:_authToken': x", "//evil.example/:_authToken"],
  ["custom-host-suffix amazonaws.com", "custom-host-suffix"],
  ["strict-ssl false", "strict-ssl"],
  ["strict-ssl true\nstrict-ssl false", "strict-ssl"],
  ["strict-ssl: false", "strict-ssl"],
  ["{? strict-ssl : !!bool 'false'}", "strict-ssl"],
  ["strict-ssl", "strict-ssl"],
  ["strict-ssl true", undefined],
  ["strict-ssl: true", undefined],
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

test.each([
  ["//evil.example/:_authToken=x", "//evil.example/:_authToken"],
  ["a=b\n//evil.example/:_authToken=\n", "//evil.example/:_authToken"],
  ["//evil.example/:_authToken", "//evil.example/:_authToken"],
  ['"//evil.example/:\\u005fauthToken"=x', "//evil.example/:_authToken"],
  ["//evil.example/:_password=", "//evil.example/:_password"],
  ["//evil.example/:_password:more=x", "//evil.example/:_password:more"],
  ["evil.example:_authToken=x", "evil.example:_authToken"],
  ["//host.example/npm/other/:_authToken=x", "//host.example/npm/other/:_authToken"],
  ["//host.example/:_authToken=x", "//host.example/:_authToken"],
  ["//host.example/npm/repo/../other/:_authToken=x", "//host.example/npm/repo/../other/:_authToken"],
  ["//host.example/npm/repo/%2e%2e/other/:_authToken=x", "//host.example/npm/repo/%2e%2e/other/:_authToken"],
  ["custom-host-suffix=example", "custom-host-suffix"],
  ["https://host.example/npm/repo/:custom-host-suffix=example", "https://host.example/npm/repo/:custom-host-suffix"],
  ["//host.example/npm/repo/:_authToken=x", undefined],
  ["//host.example/npm/repo:_password=x", undefined],
  // yarn 1 does not recognize it.
  ["//localhost:4873/:_authToken=x", undefined],
  ["//evil.example/:_auth=x\n//evil.example/:username=x\n//evil.example/:always-auth=true", undefined],
  ["registry=https://evil.example/\nalways-auth=true\n_authToken=x", undefined],
])("in .npmrc %j the setting by which yarn 1 sends a token elsewhere is %p", (text, key) => {
  expect(yarnFiles(["host.example/npm/repo/"])[".npmrc"]!(text)).toBe(key);
});
