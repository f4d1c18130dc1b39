import { expect, test } from "bun:test";
import { reasonOf } from "../../../../src/tools/npm/guard/trust.ts";

test.each([
  ["HTTPS_PROXY", "decides through whom the connection goes"],
  ["httpsProxy", "decides through whom the connection goes"],
  ["npm_config_registry", "decides where packages are asked for"],
  ["BUN_CONFIG_REGISTRY", "decides where packages are asked for"],
  ["BUN_CONFIG_TOKEN", "decides which token is sent"],
  ["NODE_EXTRA_CA_CERTS", "decides whom the connection trusts"],
  ["publishConfig.strictSsl", "decides whom the connection trusts"],
  ["--*.cwd", "is an option that can decide about the connection"],
  ["//evil.example/:_authToken", "makes yarn 1 send its registry's token there"],
])("%s %s", (key, reason) => {
  expect(reasonOf(key)).toBe(reason);
});
