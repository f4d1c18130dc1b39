import { expect, test } from "bun:test";
import {
  concealTokens,
  hostsOf,
  refersToToken,
  withoutTokens,
} from "../../../../src/tools/npm/guard/token-variables.ts";

const name = "npm_config_//host.example/npm/repo/:_authToken";

test("the token is in a variable of another name each time, and npm's setting refers to it", () => {
  const names = [1, 2].map(() => {
    const concealed = concealTokens({ [name]: "secret", OTHER: "x" });
    const holder = Object.keys(concealed).find((key) => concealed[key] === "secret") ?? "";
    expect(holder).toMatch(/^VOUCH_[0-9a-f]{32}_0$/);
    expect(concealed).toEqual({ OTHER: "x", [holder]: "secret", [name]: `\${${holder}}` });
    return holder;
  });
  expect(names[0]).not.toBe(names[1]!);
});

test("npm's own name for the token refers to a variable of another name each time, too", () => {
  const names = [1, 2].map(() => {
    const concealed = concealTokens({ [name]: "secret" }, "npm");
    const holder = Object.keys(concealed).find((key) => concealed[key] === "secret") ?? "";
    const nameHolder = Object.keys(concealed).find((key) => concealed[key] === "host.example/npm/repo/");
    expect(concealed[`npm_config_//\${${nameHolder}}:_authToken`]).toBe(`\${${holder}}`);
    expect(Object.keys(concealed)).not.toContain(name);
    return nameHolder;
  });
  expect(names[0]).not.toBe(names[1]!);
});

test("what an outer command was given in place of the tokens is removed", () => {
  const outer = { ...concealTokens({ [name]: "older" }, "npm"), ...concealTokens({ [name]: "older" }), PATH: "/bin" };
  const env = { ...outer, [name.replace("npm", "NPM")]: "own" };
  expect(withoutTokens(env, { [name]: "secret" })).toEqual({ PATH: "/bin" });
});

test("pnpm 11 gets the token as it is too", () => {
  expect(concealTokens({ [name]: "secret" }, "pnpm literal")[`p${name}`]).toBe("secret");
});

test("each endpoint has a variable of its own, and each host is named once", () => {
  const other = "npm_config_//host.example/npm/other/:_authToken";
  const concealed = concealTokens({ [name]: "one", [other]: "two" });
  expect(concealed[concealed[name]!.slice(2, -1)]).toBe("one");
  expect(concealed[concealed[other]!.slice(2, -1)]).toBe("two");
  expect(hostsOf({ [name]: "one", [other]: "two", PATH: "//x/" })).toEqual(["host.example"]);
});

test("variables that hold a token are removed, whatever their names; the others stay", () => {
  const env = {
    PATH: "/bin",
    PIP_INDEX_URL: "https://aws:secret@host.example/",
    CODEARTIFACT_AUTH_TOKEN: "secret",
    A: "",
  };
  expect(withoutTokens(env, { [name]: "secret" })).toEqual({ PATH: "/bin", A: "" });
});

test.each([
  ["${npm_config_//host/:_authToken}", true],
  ["x${PNPM_CONFIG_//host/:_authToken?}", true],
  ["${npm_con${NOT_SET?}fig_//host/:_authToken}", true],
  ["${HOME}", false],
  ["${A}/${B}", false],
  ["npm_config_//host", false],
])("%s refers to a token: %p", (text, expected) => {
  expect(refersToToken(text)).toBe(expected);
});
