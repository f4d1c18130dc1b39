import { expect, test } from "bun:test";
import {
  npmTokenVariables,
  pipIndexVariable,
  type RegistryToken,
  twineVariables,
} from "../../../src/agent/tokens/package-manager-variables.ts";
import { host } from "../../settings/my-repository.ts";

const registry = (format: RegistryToken["format"], endpoint: string, token = "T", others: string[] = []) => ({
  repository: {},
  format,
  endpoint,
  others,
  token,
  expiration: 2_000_000_000,
});
const registries = [
  registry("cargo", `https://${host}/cargo/my-repo/`),
  registry("npm", `https://${host}/npm/my-repo/`, "N1"),
  registry("npm", `https://${host}/npm/other`, "N2"),
  registry("pypi", `https://${host}/pypi/other/`),
  registry("pypi", `https://${host}/pypi/my-repo/`, "a/b+c=:@"),
];

test("npm gets one variable for each npm endpoint, with the trailing slash in its name", () => {
  expect(npmTokenVariables(registries)).toEqual({
    [`npm_config_//${host}/npm/my-repo/:_authToken`]: "N1",
    [`npm_config_//${host}/npm/other/:_authToken`]: "N2",
  });
});

test("npm gets one more for each other host of an endpoint, which a lock file can name", () => {
  const other = "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/my-repo/";
  expect(npmTokenVariables([registry("npm", `https://${host}/npm/my-repo/`, "N1", [other])])).toEqual({
    [`npm_config_//${host}/npm/my-repo/:_authToken`]: "N1",
    "npm_config_//my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/my-repo/:_authToken": "N1",
  });
});

test("pip gets the index URL of the PyPI endpoint that was set up last, with the token escaped as user information", () => {
  expect(pipIndexVariable(registries)).toEqual({
    PIP_INDEX_URL: `https://aws:a%2Fb+c%3D%3A%40@${host}/pypi/my-repo/simple/`,
  });
  expect(pipIndexVariable(registries.slice(0, 3))).toEqual({});
});

test("twine gets all of its variables for the PyPI endpoint that was set up last", () => {
  expect(twineVariables(registries)).toEqual({
    TWINE_USERNAME: "aws",
    TWINE_PASSWORD: "a/b+c=:@",
    TWINE_REPOSITORY_URL: `https://${host}/pypi/my-repo/`,
  });
  expect(twineVariables(registries.slice(0, 3))).toBeUndefined();
});
