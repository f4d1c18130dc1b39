/** Tokens in files: every place of every tool, with the line. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../../../src/tools/checks/finding.ts";
import { storedTokens } from "../../../src/tools/checks/stored-tokens.ts";
import { tempFolder } from "../../temp-folder.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const header = Buffer.from(JSON.stringify({ ver: 1, isu: 1, enc: "A128GCM", alg: "A128GCMKW" })).toString("base64url");
/** As CodeArtifact's look; the other is a signed one of another service. */
const token = `${header}.a.b.c.d`;
const signed = `${Buffer.from(JSON.stringify({ alg: "RS256", typ: "JWT" })).toString("base64url")}.${"a".repeat(300)}.b`;

function machine(home: string, files: Record<string, string>): Machine {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const settings: Machine["settings"] = { version: 1, repositories: [] };
  return { env: { HOME: home }, cwd: home, home, settings, agent: undefined, now: 0 };
}

/** In a machine on which nothing is set up. */
function places(files: Record<string, string>): string[] {
  using home = tempFolder();
  return storedTokens(machine(home.path, files)).map(
    ({ path, line, tool }) => `${path.slice(home.path.length + 1)}:${line} ${tool}`,
  );
}

const indexed = `[registries.mine]\nindex = "sparse+https://${host}/cargo/r/"\n`;
const nugetSource = `<configuration>\n<packageSources><add key="ours" value="https://${host}/nuget/r/v3/index.json"/></packageSources>\n`;
const pypi = `https://${host}/pypi/r/`;

describe("before anything is set up a token is found with its line", () => {
  test.each<[what: string, files: Record<string, string>, ...places: string[]]>([
    ["npm", { ".npmrc": `a=b\n//${host}/npm/r/:_authToken=SECRET\n` }, ".npmrc:2 npm"],
    ["yarn 1", { ".yarnrc": `# c\n"//${host}/npm/r/:_authToken" SECRET\n` }, ".yarnrc:2 yarn"],
    [
      "yarn, by registry",
      { ".yarnrc.yml": `npmRegistries:\n  "//${host}/npm/r/":\n    npmAlwaysAuth: true\n    npmAuthToken: SECRET\n` },
      ".yarnrc.yml:4 yarn",
    ],
    [
      "yarn, by scope, and the whole",
      {
        ".yarnrc.yml": `npmAuthIdent: "a:b"\nnpmRegistryServer: "https://${host}/npm/r/"\nnpmScopes:\n  acme:\n    npmRegistryServer: https://${host}/npm/r/\n    npmAuthToken: SECRET\n  other:\n    npmRegistryServer: https://other.example/\n    npmAuthToken: SECRET\n`,
      },
      ".yarnrc.yml:1 yarn",
      ".yarnrc.yml:6 yarn",
    ],
    [
      "bun",
      { ".bunfig.toml": `[install.registry]\nurl = "https://${host}/npm/r/"\ntoken = "SECRET"\n` },
      ".bunfig.toml:3 bun",
    ],
    [
      "bun, by scope in one line",
      { ".bunfig.toml": `[install.scopes]\nacme = { url = "https://${host}/npm/r/", token = "SECRET" }\n` },
      ".bunfig.toml:2 bun",
    ],
    [
      "Cargo, of a registry that its configuration names",
      { ".cargo/config.toml": indexed, ".cargo/credentials.toml": `\n[registries.mine]\ntoken = "SECRET"\n` },
      ".cargo/credentials.toml:3 cargo",
    ],
    [
      "Cargo, of a registry that nothing names",
      { ".cargo/credentials.toml": `[registries.a]\ntoken = "${signed}"\n[registries.b]\ntoken = "Bearer ${token}"\n` },
      ".cargo/credentials.toml:4 cargo",
    ],
    ["Cargo's configuration", { ".cargo/config.toml": `${indexed}token = "SECRET"\n` }, ".cargo/config.toml:3 cargo"],
    [
      "pip",
      { ".config/pip/pip.conf": `[global]\nindex-url = https://aws:SECRET@${host}/pypi/r/simple/\n` },
      ".config/pip/pip.conf:2 pip",
    ],
    [
      "netrc",
      {
        ".netrc": `# machine ${host}\nmachine a.example login b password c machine ${host}\nlogin aws password SECRET\n`,
      },
      ".netrc:2 pip",
    ],
    ["netrc over two lines", { ".netrc": `\nmachine\n${host} login aws password SECRET\n` }, ".netrc:2 pip"],
    [
      "twine",
      { ".pypirc": `[r]\nrepository = ${pypi}\npassword = SECRET\n[o]\npassword = OTHER\n` },
      ".pypirc:3 twine",
    ],
    ["twine, by the user name", { ".pypirc": "[r]\nusername = aws\npassword = SECRET\n" }, ".pypirc:3 twine"],
    [
      "Maven",
      {
        ".m2/settings.xml":
          "<settings>\n<servers><server>\n<username>aws</username>\n<password>SECRET</password></server></servers></settings>",
      },
      ".m2/settings.xml:4 maven",
    ],
    [
      "Maven, by its look",
      {
        ".m2/settings.xml": `<settings>\n<servers><server><password>${token}</password></server></servers></settings>`,
      },
      ".m2/settings.xml:2 maven",
    ],
    [
      "Gradle",
      { ".gradle/gradle.properties": `a=b\ncodeartifactToken=SECRET\nother=${token}\nthird=${signed}\n` },
      ".gradle/gradle.properties:2 gradle",
      ".gradle/gradle.properties:3 gradle",
    ],
    [
      "poetry",
      { ".config/pypoetry/auth.toml": `[http-basic.r]\nusername = "aws"\npassword = "SECRET"\n` },
      ".config/pypoetry/auth.toml:3 poetry",
    ],
    [
      "poetry, of a repository that its configuration names",
      {
        ".config/pypoetry/config.toml": `[repositories.r]\nurl = "${pypi}"\n`,
        ".config/pypoetry/auth.toml": `[http-basic.o]\nusername = "b"\npassword = "OTHER"\n[pypi-token]\nr = "SECRET"\n`,
      },
      ".config/pypoetry/auth.toml:5 poetry",
    ],
    [
      "PDM",
      { ".config/pdm/config.toml": `[pypi]\nurl = "${pypi}simple/"\npassword = "SECRET"\n` },
      ".config/pdm/config.toml:3 pdm",
    ],
    [
      "PDM, to publish",
      { ".config/pdm/config.toml": `[repository.r]\nurl = "${pypi}"\nusername = "aws"\npassword = "SECRET"\n` },
      ".config/pdm/config.toml:4 pdm",
    ],
    [
      "PDM, in a URL",
      { ".config/pdm/config.toml": `[pypi.extra]\nurl = "https://aws:SECRET@${host}/pypi/r/simple/"\n` },
      ".config/pdm/config.toml:2 pdm",
    ],
    [
      "uv",
      { ".config/uv/uv.toml": `[[index]]\nurl = "https://aws:SECRET@${host}/pypi/r/simple/"\n` },
      ".config/uv/uv.toml:2 uv",
    ],
    [
      "uv's credentials",
      {
        ".local/share/uv/credentials/credentials.toml": `[[credential]]\nservice = "https://a.example"\npassword = "OTHER"\n[[credential]]\nservice = "https://${host}/pypi/r"\npassword = "SECRET"\n`,
      },
      ".local/share/uv/credentials/credentials.toml:5 uv",
    ],
    ["gem", { ".gem/credentials": `---\n:key: x\nhttps://${host}/ruby/r: Bearer eyJ\n` }, ".gem/credentials:3 ruby"],
    [
      "gem, by its look",
      { ".gem/credentials": `---\n:codeartifact_api_key: Bearer ${token}\n` },
      ".gem/credentials:2 ruby",
    ],
    [
      "NuGet",
      {
        ".nuget/NuGet/NuGet.Config": `${nugetSource}<packageSourceCredentials><ours>\n<add key="ClearTextPassword" value="SECRET"/></ours></packageSourceCredentials></configuration>`,
      },
      ".nuget/NuGet/NuGet.Config:4 nuget",
    ],
  ])("of %s", (_, files, ...expected) => {
    expect(places(files)).toEqual(expected);
  });
});

test("names of variables, encrypted passwords and files that cannot be read are no tokens", () => {
  expect(
    places({
      ".npmrc": `//${host}/npm/r/:_authToken=\${CODEARTIFACT_AUTH_TOKEN}\n`,
      ".yarnrc.yml": `npmRegistryServer: https://${host}/npm/r/\nnpmAuthToken: "\${TOKEN:-}"\n`,
      ".bunfig.toml": `[install.registry]\nurl = "https://${host}/npm/r/"\ntoken = "$TOKEN"\n`,
      ".m2/settings.xml":
        "<settings><servers><server><username>aws</username><password>{abc=}</password></server></servers></settings>",
      ".gradle/gradle.properties": `other=${signed}\n`,
      ".cargo/credentials.toml": "[registries\n",
      ".config/pdm/config.toml": "[pypi\n",
      ".nuget/NuGet/NuGet.Config": "<configuration>",
      ".pypirc": "no section\n",
    }),
  ).toEqual([]);
});

test("a line that Vouch keeps as a comment is said to be one", () => {
  using home = tempFolder();
  const found = storedTokens(
    machine(home.path, {
      ".config/pip/pip.conf": `[global]\n#| index-url = https://aws:SECRET@${host}/pypi/r/simple/\n`,
    }),
  );
  expect(found).toMatchObject([{ line: 2, remedy: expect.stringContaining("--remove") as string }]);
});
