import { expect, test } from "bun:test";
import { isPublicLine } from "../../src/editing/replaced-lines.ts";

test.each([
  "registry=https://npm.corp.example/",
  " registry = https://npm.corp.example:8443/artifactory/api/npm/npm-virtual/ ",
  "@acme:registry=https://npm.corp.example/",
  "index-url = https://pip.corp.example/simple",
  "index-url: https://aws@my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/",
  "keyring-provider = import",
  'index = "sparse+https://crates.corp.example/index/"',
  "[global]",
  "",
])("a replaced line without a secret may be copied: %j", (line) => {
  expect(isPublicLine(line)).toBe(true);
});

test.each([
  "registry=https://me:hunter2@npm.corp.example/",
  "registry=https://glpat-abc@npm.corp.example/",
  "registry=https://npm.corp.example/?token=x",
  "registry=https://npm.corp.example/#x",
  "registry=https://dl.corp.example/A1b2C3d4E5f6G7h8/npm/",
  "registry=https://dl.corp.example/0f8fad5b-d9cb-469f-a165-70867728950e/npm/",
  "registry=${NPM_REGISTRY}",
  "//npm.corp.example/:_authToken=abc",
  "_auth=YWJj",
  "index-url = https://user:${PIP_PASSWORD}@pip.corp.example/simple",
  "    https://user:pw@second.example/simple",
  'credential-provider = ["prog", "--token", "abc"]',
  'credential-provider = "prog abc"',
  "token = abc",
  "password = abc",
  "index-url",
  "hello",
])("a replaced line may hold a secret and is not copied: %j", (line) => {
  expect(isPublicLine(line)).toBe(false);
});
