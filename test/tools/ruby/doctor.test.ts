import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../../../src/tools/checks/finding.ts";
import { checkRuby } from "../../../src/tools/ruby/doctor.ts";
import { storedTokens } from "../../../src/tools/checks/stored-tokens.ts";
import { rubyVariables } from "../../../src/tools/ruby/variables.ts";
import { tempFolder } from "../../temp-folder.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const endpoint = `https://${host}/ruby/my-repo/`;
const mangled = host.replaceAll(".", "__").replaceAll("-", "___").toUpperCase();

function machine(home: string, files: Record<string, string> = {}, env: Record<string, string> = {}): Machine {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const repository = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1", repository: "my-repo" };
  return {
    env: { HOME: home, ...env },
    cwd: home,
    home,
    settings: {
      version: 1,
      repositories: [{ ...repository, endpoints: { ruby: endpoint }, files: { ruby: join(home, ".gemrc") } }],
    },
    agent: undefined,
    now: 0,
  };
}

const sources = (...urls: string[]) => `:sources:\n${urls.map((url) => `- ${url}\n`).join("")}`;

test.each<[what: string, files: Record<string, string>, statuses: ("ok" | "fail")[]]>([
  ["the repository", { ".gemrc": sources(endpoint) }, ["ok"]],
  ["the public source by default", {}, ["fail"]],
  ["the public source", { ".gemrc": sources("https://rubygems.org/") }, ["fail"]],
  ["another repository", { ".gemrc": sources(`https://${host}/ruby/other/`) }, ["fail", "fail"]],
  ["nothing, for the file is no mapping", { ".gemrc": "- a\n" }, ["fail", "fail"]],
  ["the repository in the configuration folder", { ".config/gem/gemrc": sources(endpoint) }, ["ok"]],
])("the doctor finds that gem asks %s", (_, files, statuses) => {
  using home = tempFolder();
  expect(checkRuby(machine(home.path, files)).map(({ status }) => status)).toEqual(statuses);
});

test("GEMRC takes the place of the user's file", () => {
  using home = tempFolder();
  const files = { ".gemrc": sources(endpoint), other: sources("https://rubygems.org/") };
  const laptop = machine(home.path, files, { GEMRC: join(home.path, "other") });
  expect(checkRuby(laptop).map(({ status }) => status)).toEqual(["fail"]);
});

test("a finding shows no password", () => {
  using home = tempFolder();
  const laptop = machine(home.path, { ".gemrc": sources(endpoint.replace("://", "://aws:secret@")) });
  expect(JSON.stringify(checkRuby(laptop))).not.toContain("secret");
});

test("tokens that other tools have stored are found with their lines, and nothing else", () => {
  using home = tempFolder();
  const laptop = machine(home.path, {
    ".gemrc": `gem: --no-document\n${sources(endpoint.replace("://", "://aws:eyJ@"), endpoint, "https://a:b@other.example/")}`,
    ".bundle/config": `---\nBUNDLE_PATH: "vendor"\nBUNDLE_HTTPS://${mangled}/RUBY/MY___REPO/: "aws:eyJ"\nBUNDLE_GEMS__EXAMPLE__COM: "a:b"\n`,
    ".gem/credentials": `---\n:rubygems_api_key: rubygems_x\nhttps://${host}/ruby/my-repo: Bearer eyJ\n`,
  });
  const found = storedTokens(laptop).map(({ path, line }) => `${path.slice(home.path.length + 1)}:${line}`);
  expect(found).toEqual([".gemrc:3", ".bundle/config:3", ".gem/credentials:3"]);
});

test("variables with credentials, a key for every host and unchecked certificates do harm", () => {
  using home = tempFolder();
  const laptop = machine(home.path);
  const harm = (name: string, value: string) =>
    rubyVariables.find((rule) => rule.name.test(name))?.harm(value, laptop, name)?.status;
  expect(harm("GEM_HOST_API_KEY", "x")).toBe("warn");
  expect(harm(`BUNDLE_HTTPS://${mangled}/RUBY/MY___REPO/`, "aws:x")).toBe("fail");
  expect(harm("BUNDLE_HTTPS://GEMS__EXAMPLE__COM/", "a:b")).toBeUndefined();
  expect(harm("BUNDLE_SSL_VERIFY_MODE", "0")).toBe("fail");
  expect(harm("BUNDLE_SSL_VERIFY_MODE", "1")).toBeUndefined();
});
