import { expect, test } from "bun:test";
import type { RegistryToken } from "../../src/agent/protocol.ts";
import {
  cargoProviderVariable,
  npmTokenVariables,
  pipIndexVariable,
  twineVariables,
} from "../../src/helper/variables.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const registry = (format: RegistryToken["format"], endpoint: string, token = "T"): RegistryToken => ({
  format,
  endpoint,
  token,
  expiration: 0,
});
const registries = [
  registry("cargo", `https://${host}/cargo/my-repo/`),
  registry("npm", `https://${host}/npm/my-repo/`, "N1"),
  registry("npm", `https://${host}/npm/other`, "N2"),
  registry("pypi", `https://${host}/pypi/my-repo/`, "a/b+c=:@"),
  registry("pypi", `https://${host}/pypi/other/`),
];

test("npm: one variable for each npm endpoint, each key ending in a slash", () => {
  expect(npmTokenVariables(registries)).toEqual({
    [`npm_config_//${host}/npm/my-repo/:_authToken`]: "N1",
    [`npm_config_//${host}/npm/other/:_authToken`]: "N2",
  });
});

test("pip: the index URL of the first PyPI endpoint, the token escaped as user information", () => {
  expect(pipIndexVariable(registries)).toEqual({
    PIP_INDEX_URL: `https://aws:a%2Fb+c%3D%3A%40@${host}/pypi/my-repo/simple/`,
  });
  expect(pipIndexVariable(registries.slice(0, 3))).toEqual({});
});

test("twine: all of its variables for the first PyPI endpoint, or none", () => {
  expect(twineVariables(registries, {})).toEqual({
    TWINE_USERNAME: "aws",
    TWINE_PASSWORD: "a/b+c=:@",
    TWINE_REPOSITORY_URL: `https://${host}/pypi/my-repo/`,
  });
  expect(twineVariables(registries.slice(0, 3), {})).toEqual({});
  for (const name of ["TWINE_USERNAME", "TWINE_PASSWORD", "TWINE_REPOSITORY", "TWINE_REPOSITORY_URL"]) {
    expect(twineVariables(registries, { [name]: "of the user" })).toEqual({});
  }
});

test("cargo: Vouch is asked first, and what was asked before is asked after it", () => {
  const name = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
  expect(cargoProviderVariable({}, "/opt/vouch")).toEqual({ [name]: "cargo:token /opt/vouch" });
  expect(cargoProviderVariable({ [name]: "cargo:libsecret" }, "/opt/vouch")).toEqual({
    [name]: "cargo:libsecret /opt/vouch",
  });
  expect(cargoProviderVariable({}, "/opt/my tools/vouch")).toEqual({});
});
