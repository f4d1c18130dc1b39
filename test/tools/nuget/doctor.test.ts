import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../../../src/tools/checks/finding.ts";
import { isOldSdk } from "../../../src/tools/nuget/doctor.ts";
import { checkNuget } from "../../../src/tools/nuget/doctor.ts";
import { storedTokens } from "../../../src/tools/checks/stored-tokens.ts";
import { nugetVariables } from "../../../src/tools/nuget/variables.ts";
import { tempFolder } from "../../temp-folder.ts";

const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const endpoint = `https://${host}/nuget/my-repo/`;

test.each<[text: string, isOld: boolean]>([
  ["8.0.404\n", true],
  ["9.0.100", true],
  ["9.0.109", true],
  ["9.0.200", false],
  ["9.0.300-preview.0.1", false],
  ["10.0.100", false],
  ["", false],
])("whether the .NET SDK %j is too old for plugins on PATH: %p", (text, isOld) => {
  expect(isOldSdk(text)).toBe(isOld);
});

function machine(home: string, files: Record<string, string> = {}): Machine {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const repository = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1", repository: "my-repo" };
  const edited = { nuget: join(home, ".nuget/NuGet/NuGet.Config") };
  return {
    env: { HOME: home, PATH: join(home, "bin") },
    cwd: home,
    home,
    settings: { version: 1, repositories: [{ ...repository, endpoints: { nuget: endpoint }, files: edited }] },
    agent: undefined,
    now: 0,
  };
}

const withSource = (url: string, more = "") =>
  `<configuration><packageSources><add key="my-domain/my-repo" value="${url}" /></packageSources>${more}</configuration>`;
const path = ".nuget/NuGet/NuGet.Config";

test("the doctor finds the source, a source of another repository, and none", () => {
  using home = tempFolder();
  expect(checkNuget(machine(home.path)).map(({ status }) => status)).toEqual(["fail"]);
  expect(
    checkNuget(machine(home.path, { [path]: withSource(`${endpoint}v3/index.json`) })).map(({ status }) => status),
  ).toEqual(["ok"]);
  const other = checkNuget(machine(home.path, { [path]: withSource(`https://${host}/nuget/other/v3/index.json`) }));
  expect(other.map(({ status }) => status)).toEqual(["fail", "fail"]);
  expect(other[0]!.remedy).toContain("--repository other --region us-east-1 --tool nuget");
  expect(checkNuget(machine(home.path, { [path]: "<configuration>" })).map(({ check }) => check)).toEqual([
    "nuget-config",
  ]);
});

test("a .NET SDK that looks for no plugins on PATH is named", () => {
  using home = tempFolder();
  const laptop = machine(home.path, {
    [path]: withSource(`${endpoint}v3/index.json`),
    "bin/dotnet": "#!/bin/sh\necho 8.0.404\n",
  });
  chmodSync(join(home.path, "bin/dotnet"), 0o755);
  expect(checkNuget(laptop).at(-1)).toMatchObject({ check: "nuget-plugin", status: "fail" });
});

test("a stored password for a source in CodeArtifact is found, one for another source is not", () => {
  using home = tempFolder();
  const password = (name: string) =>
    `<packageSourceCredentials><${name}><add key="ClearTextPassword" value="x" /></${name}></packageSourceCredentials>`;
  const laptop = machine(home.path, {
    [path]: withSource(`${endpoint}v3/index.json`, password("my-domain_x002F_my-repo")),
    ".nuget/config/b.config": withSource("https://b.example/", password("my-domain_x002F_my-repo")),
    ".nuget/config/c.config": withSource(`${endpoint}v3/index.json`, password("other")),
  });
  expect(storedTokens(laptop)).toMatchObject([{ path: join(home.path, path), line: 1, tool: "nuget" }]);
});

test("a variable that names other plugins does harm, one that names Vouch's does not", () => {
  using home = tempFolder();
  const laptop = machine(home.path);
  const [rule] = nugetVariables;
  expect(rule!.harm("/opt/plugins", laptop, "NUGET_PLUGIN_PATHS")).toMatchObject({ status: "fail" });
  expect(rule!.harm(`${home.path}/.local/share/vouch/shims`, laptop, "NUGET_PLUGIN_PATHS")).toBeUndefined();
});
