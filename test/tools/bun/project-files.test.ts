import { expect, test } from "bun:test";
import { trustSettingIn, trustVariableIn } from "../../../src/tools/bun/project-files.ts";

test.each([
  ['[install]\ncafile = "x"', "cafile"],
  ['[install]\n"\\u0063a" = ["x"]', "ca"],
  ['install = { ca = "x" }', "ca"],
  ['[install]\nregistry = "https://x.example/ca"', undefined],
  ["broken = [\ncafile = 1", "cafile"],
])("in bunfig.toml %j the setting that decides about the connection is %p", (text, key) => {
  expect(trustSettingIn(text)).toBe(key as never);
});

test.each([
  ["HTTPS_PROXY=http://x", "HTTPS_PROXY"],
  ["export https_proxy = x", "https_proxy"],
  ["A=1\r\nNODE_TLS_REJECT_UNAUTHORIZED=0", "NODE_TLS_REJECT_UNAUTHORIZED"],
  ["NODE_EXTRA_CA_CERTS: ./ca.pem", "NODE_EXTRA_CA_CERTS"],
  ["BUN_CONFIG_REGISTRY=x", "BUN_CONFIG_REGISTRY"],
  ["# HTTPS_PROXY=x", undefined],
  ["MY_HTTPS_PROXY_HOST=x", undefined],
])("in a file of variables %j the one that decides about the connection is %p", (text, name) => {
  expect(trustVariableIn(text)).toBe(name as never);
});
