/** `vouch setup codeartifact` names tokens that lie in files, by the line that they have after its own edits. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { host } from "../../../../settings/my-repository.ts";
import { codeartifact, home, read, setRole, useHome, write } from "../home.ts";

useHome();

const endpoint = `https://${host}`;

const files: [tool: string, path: string, text: string][] = [
  ["npm", ".npmrc", `registry=https://registry.example.org/\nfund=false\n//${host}/npm/my-repo/:_authToken=SECRET\n`],
  ["pip", ".config/pip/pip.conf", `[global]\nindex-url = https://aws:SECRET@${host}/pypi/my-repo/simple/\n`],
  [
    "cargo",
    ".cargo/config.toml",
    `[registries.my-repo]\nindex = "sparse+${endpoint}/cargo/my-repo/"\ntoken = "SECRET"\n`,
  ],
  ["yarn", ".yarnrc.yml", `npmRegistryServer: "${endpoint}/npm/my-repo/"\nnpmAuthToken: SECRET\n`],
  ["bun", ".bunfig.toml", `[install]\nregistry = { url = "${endpoint}/npm/my-repo/", token = "SECRET" }\n`],
  [
    "pdm",
    ".config/pdm/config.toml",
    `[pypi]\nurl = "https://pypi.example.org/simple"\nusername = "aws"\npassword = "SECRET"\n`,
  ],
  ["uv", ".config/uv/uv.toml", `[[index]]\nname = "mine"\nurl = "https://aws:SECRET@${host}/pypi/other/simple/"\n`],
  ["ruby", ".gemrc", `:sources:\n- https://aws:SECRET@${host}/ruby/my-repo/\n`],
  [
    "maven",
    ".m2/settings.xml",
    "<settings>\n  <servers>\n    <server>\n      <id>a</id>\n      <username>aws</username>\n      <password>SECRET</password>\n    </server>\n  </servers>\n</settings>\n",
  ],
  [
    "nuget",
    ".nuget/NuGet/NuGet.Config",
    `<configuration>\n  <packageSources>\n    <add key="a" value="${endpoint}/nuget/other/v3/index.json" />\n  </packageSources>\n  <packageSourceCredentials>\n    <a>\n      <add key="ClearTextPassword" value="SECRET" />\n    </a>\n  </packageSourceCredentials>\n</configuration>\n`,
  ],
  ["npm", ".cargo/credentials.toml", `[registry]\ntoken = "OTHER"\n\n[registries.my-repo]\ntoken = "SECRET"\n`],
];

describe("a token is named by the line that it has after the edit", () => {
  test.each(files)("set up for %s, in %s", async (tool, path, text) => {
    await setRole();
    write(path, text);
    write(".cargo/config.toml", path === ".cargo/config.toml" ? text : files[2]![2].replace(/token.*\n/, ""));
    const preview = await codeartifact("--tool", tool, "--dry-run");
    expect(read(path)).toBe(text);
    const run = await codeartifact("--tool", tool);
    expect(run).toMatchObject({ exitCode: 0 });
    const [, line] = new RegExp(`lies in ${RegExp.escape(join(home, path))}:([0-9]+) `).exec(run.stderr) ?? [];
    expect(read(path).split("\n")[Number(line) - 1]).toContain("SECRET");
    expect(preview.stderr).toContain(`${path}:${line} (`);
    expect(preview.stderr.includes("as it is after these changes")).toBe(read(path) !== text);
    expect(run.stderr + preview.stderr).not.toContain("SECRET");
  });
});

test("an index of one pip command is named by its line after the edit, with --dry-run too", async () => {
  await setRole();
  const path = ".config/pip/pip.conf";
  write(
    path,
    "[global]\nindex-url = https://pypi.example.org/simple\n[install]\nindex-url = https://pypi.example.org/simple\n",
  );
  const preview = await codeartifact("--tool", "pip", "--dry-run");
  const run = await codeartifact("--tool", "pip");
  const line = read(path).split("\n").lastIndexOf("index-url = https://pypi.example.org/simple") + 1;
  for (const { stderr } of [preview, run])
    expect(stderr).toContain(`sets index-url in [install] as well (line ${line})`);
});
