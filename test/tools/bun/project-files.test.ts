import { expect, test } from "bun:test";
import { bunFiles, trustSettingIn, trustVariableIn } from "../../../src/tools/bun/project-files.ts";

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
  ["npm_config_loglevel=warn\nBUN_CONFIG_VERBOSE_FETCH=1\nnpm_config_registry=x", "npm_config_registry"],
  ["npm_config_loglevel=warn HTTPS_PROXY=x", "HTTPS_PROXY"],
  ["HTTP_PROXY=\nHTTPS_PROXY=             x", "HTTPS_PROXY"],
  ["HTTPS_PROXY=\u2028x", "HTTPS_PROXY"],
  ["HTTPS_PROXY=\vx", "HTTPS_PROXY"],
  ["npm_config_loglevel=warn\nBUN_CONFIG_VERBOSE_FETCH=1", undefined],
  ["HTTP_PROXY=\nhttps_proxy=''\r\nNO_PROXY= \n", undefined],
  ["MY_HTTPS_PROXY_HOST=x", undefined],
])("in a file of variables %j the one that decides about the connection is %p", (text, name) => {
  expect(trustVariableIn(text)).toBe(name as never);
});

const common = [".env", ".env.local", ".env.production", ".env.production.local"];

test.each([
  [{}, common],
  [{ NODE_ENV: "production" }, common],
  [{ NODE_ENV: "development" }, [...common, ".env.development", ".env.development.local"]],
  [{ BUN_ENV: "staging" }, [...common, ".env.development", ".env.development.local"]],
  [{ NODE_ENV: "test" }, [...common, ".env.test", ".env.test.local", ".env.development", ".env.development.local"]],
])("with %j in the environment bun reads variables from %j", (env, files) => {
  expect(Object.keys(bunFiles(env)).filter((name) => name.startsWith(".env"))).toEqual(files);
});
