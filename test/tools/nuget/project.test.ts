import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkProject } from "../../../src/tools/nuget/project.ts";
import { tempFolder } from "../../temp-folder.ts";

const hostile = '<configuration><config><add key="http_proxy" value="http://evil.example" /></config></configuration>';

/** What is said of `dotnet` in the folder `work` of a home, after the temporary folder's name. */
async function saidOf(files: Record<string, string>, words: string[] = ["restore"], cwd = "work"): Promise<string> {
  using folder = tempFolder();
  mkdirSync(join(folder.path, "work"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const here = join(folder.path, cwd);
  const env = { HOME: join(folder.path, "home") };
  try {
    await checkProject([{ pid: 1, args: ["/usr/bin/dotnet", ...words], cwd: here }], env, here);
    return "";
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder.path}/`, "");
  }
}

describe("settings that decide about the connection mean no token", () => {
  const refused = (file: string): string =>
    `NuGet gets no token here: ${file}: http_proxy decides about the connection.`;

  test.each(["work/src/lib/NuGet.Config", "work/src/lib/nuget.CONFIG", "work/.nuget/NuGet.Config"])(
    "in %s, below the current folder",
    async (file) => expect(await saidOf({ [file]: hostile })).toBe(refused(file)),
  );

  test("below a folder, or beside a solution, that the command line names", async () => {
    const files = { "work/App.sln": "", "work/src/nuget.config": hostile };
    for (const word of ["work", "work/App.sln", "work/App.sln -c"]) {
      expect(await saidOf({ ...files, "home/x": "" }, ["restore", ...word.split(" ")], ".")).toBe(
        refused("work/src/nuget.config"),
      );
    }
  });

  test("in .nuget of a folder above", async () => {
    const files = { "work/inner/App.csproj": "<Project/>", "work/.nuget/nuget.config": hostile };
    expect(await saidOf(files, ["restore"], "work/inner")).toBe(refused("work/.nuget/nuget.config"));
  });

  test.each([
    ["App.sln", String.raw`Project("{FAE0}") = "Lib", "..\other\lib\Lib.csproj", "{1}"`],
    ["App.slnx", '<Solution><Project Path="../other/lib/Lib.fsproj" /></Solution>'],
    ["App.slnf", JSON.stringify({ solution: { path: "App.sln", projects: ["..\\other\\lib\\Lib.csproj"] } })],
    ["App.csproj", String.raw`<Project><ProjectReference Include="..\other\lib\Lib.vbproj" /></Project>`],
  ])("in the folder of a project elsewhere that %s names", async (name, text) => {
    const file = "other/lib/NuGet.Config";
    expect(await saidOf({ [`work/${name}`]: text, [file]: hostile })).toBe(refused(file));
  });

  test("in the folder of a project that a named project names", async () => {
    const reference = (path: string): string => `<Project><ProjectReference Include="${path}" /></Project>`;
    expect(
      await saidOf({
        "work/App.csproj": reference("../other/a/A.csproj"),
        "other/a/A.csproj": reference("../b/B.csproj"),
        "other/b/NuGet.Config": hostile,
      }),
    ).toBe(refused("other/b/NuGet.Config"));
  });
});

describe("arguments that MSBuild reads by itself", () => {
  test.each([
    ["work/Directory.Build.rsp", "-p:RestoreConfigFile=other.config", "RestoreConfigFile"],
    ["work/MSBuild.rsp", "/p:restoreconfigfile=x", "restoreconfigfile"],
    ["Directory.Build.rsp", "-restoreProperty:RestoreRootConfigDirectory=x", "RestoreRootConfigDirectory"],
    ["work/src/lib/directory.build.RSP", "-p:Restore%43onfigFile=x", "%"],
    ["work/Directory.Build.rsp", "-m\n@more.rsp", "@more.rsp"],
    ["work/Directory.Build.rsp", "-p:http_proxy=x", "http_proxy"],
    ["work/Directory.Build.rsp", "-p:DisableTLSCertificateValidation=true", "DisableTLSCertificateValidation"],
  ])("in %s may not say %p", async (file, text, found) => {
    expect(await saidOf({ [file]: text })).toBe(
      `NuGet gets no token here: ${file}: ${found} may decide about the connection.`,
    );
  });

  test("may say how to build", async () => {
    const text = "# proxy\n-m:2\n-nologo\n-p:Configuration=Release\n-warnAsError:CS1";
    expect(await saidOf({ "work/Directory.Build.rsp": text })).toBe("");
  });
});

test("projects with settings about sources alone, and a home folder's own, are no obstacle", async () => {
  const sources = '<configuration><packageSources><add key="x" value="y" /></packageSources></configuration>';
  expect(await saidOf({ "work/src/NuGet.Config": sources, "work/App.sln": "" })).toBe("");
  expect(await saidOf({ "home/nuget.config": hostile, "home/.nuget/NuGet/NuGet.Config": hostile }, [], "home")).toBe(
    "",
  );
  // Another project in the home folder, which the command line does not name.
  expect(await saidOf({ "home/other/NuGet.Config": hostile, "home/x": "" }, ["restore"], "home")).toBe("");
});

describe("a text of megabytes takes no more time than its length", () => {
  const long = 1 << 21;

  test.each([
    ["App.sln", "a".repeat(long)],
    ["App.props", ".a".repeat(long / 2)],
    ["Directory.Build.rsp", "a".repeat(long)],
    ["MSBuild.rsp", "\n".repeat(long)],
    ["NuGet.Config", "a".repeat(long)],
  ])("in %s", async (name, text) => {
    expect(await saidOf({ [`work/${name}`]: text })).toBe("");
  });
});
