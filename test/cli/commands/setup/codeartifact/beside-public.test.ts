/** `vouch setup codeartifact --default` and `--extra`: one default repository, and others beside the public registry. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../../../settings/my-repository.ts";
import { codeartifact, env, home, read, setRole, settings, setup, snapshot, useHome } from "../home.ts";

useHome();

describe("beside the public registry", () => {
  test("npm needs a scope, pip --allow-mixing, and Cargo neither; what is left out is said", async () => {
    await setRole();
    const run = await codeartifact("--extra");
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("pip is left out: pip would take a package of one name from either registry");
    expect(run.stderr).toContain("npm is left out: npm binds packages to a registry by their scope only");
    expect(existsSync(join(home, ".npmrc"))).toBe(false);
    expect(existsSync(join(home, ".config/pip/pip.conf"))).toBe(false);
    expect(Object.keys(settings().repositories[0]!.files!)).toEqual(["cargo"]);
  });

  test.each([
    ["pip", "--allow-mixing"],
    ["npm", "--scope @NAME"],
  ])("%s that is named is a usage error with %s in it, and nothing changes", async (tool, flag) => {
    await setRole();
    const before = snapshot();
    const run = await codeartifact("--extra", "--tool", tool);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(flag);
    expect(snapshot()).toEqual(before);
  });

  test.each([
    [["--extra", "--tool", "cargo,pip"], "pip would take a package", "--extra --tool cargo"],
    [["--tool=npm", "--extra", "--tool", "cargo"], "npm binds packages", "--extra --tool cargo"],
    [["--tool", "npm,swift"], "Swift's package manager asks nobody", "--tool npm"],
  ])(
    "one of several tools refuses %j: nothing changes, and the command without it is whole",
    async (flags, why, rest) => {
      await setRole();
      const before = snapshot();
      const run = await codeartifact(...flags);
      expect(run).toMatchObject({ exitCode: 2, stdout: "" });
      expect(run.stderr).toContain("Nothing was changed. ");
      expect(run.stderr).toContain(why);
      const [, command] = /Without [a-z]+: `vouch setup ([^`]+)`/.exec(run.stderr)!;
      expect(command).toBe(`codeartifact --domain my-domain --repository my-repo ${rest}`);
      expect(snapshot()).toEqual(before);
      expect(await setup(...command!.split(" "))).toMatchObject({ exitCode: 0 });
    },
  );

  test("pip gets an extra index when mixing is allowed, with a warning, and gives the file back", async () => {
    await setRole();
    const before = snapshot();
    mkdirSync(join(home, ".config/pip"), { recursive: true });
    writeFileSync(join(home, ".config/pip/pip.conf"), "[global]\ntimeout = 9\n");
    const run = await codeartifact("--extra", "--allow-mixing", "--tool", "pip");
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("Claim your names there");
    expect(read(".config/pip/pip.conf")).toContain(`extra-index-url = https://aws@${host}/pypi/my-repo/simple/`);
    expect(read(".config/pip/pip.conf")).not.toMatch(/^index-url/m);
    await setup("codeartifact", "--remove");
    expect(read(".config/pip/pip.conf")).toBe("[global]\ntimeout = 9\n");
    rmSync(join(home, ".config/pip"), { recursive: true });
    expect(snapshot()).toEqual(before);
  });

  test("the default one stays the default, and --default exchanges them in every tool's file", async () => {
    await setRole();
    await codeartifact();
    const other = ["codeartifact", "--domain", "my-domain", "--repository", "other"];
    await setup(...other, "--extra", "--scope", "@acme", "--tool", "npm,cargo");
    const inOrder = () => settings().repositories.map(({ repository, extra }) => [repository, extra ?? false]);
    expect(inOrder()).toEqual([
      ["other", true],
      ["my-repo", false],
    ]);
    expect(read(".npmrc")).toContain(`@acme:registry=https://${host}/npm/other/`);
    expect(read(".npmrc")).toContain(`\nregistry=https://${host}/npm/my-repo/`);
    const run = await setup("codeartifact", "--default", "--repository", "other");
    expect(run.exitCode).toBe(0);
    expect(inOrder()).toEqual([
      ["my-repo", false],
      ["other", false],
    ]);
    const unknown = await setup("codeartifact", "--default", "--repository", "none");
    expect(unknown.exitCode).toBe(2);
  });

  test("what is the default for some tool becomes no extra one half", async () => {
    await setRole();
    await codeartifact();
    const run = await codeartifact("--extra", "--tool", "cargo");
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("--allow-mixing");
    const [, command] = /take these away first: `vouch setup ([^`]+)`/.exec(run.stderr)!;
    expect(await setup(...command!.split(" "))).toMatchObject({ exitCode: 0 });
    expect(await codeartifact("--extra", "--tool", "cargo")).toMatchObject({ exitCode: 0 });
    expect(settings().repositories).toMatchObject([{ extra: true }]);
    await setup("codeartifact", "--remove");
    await codeartifact("--extra", "--tool", "npm", "--scope", "@acme");
    await codeartifact("--tool", "cargo");
    expect(settings().repositories[0]!.extra).toBe(true);
  });
});

test("each setup says whether the repository is now the default one, and what it was before", async () => {
  await setRole();
  const of = (repository: string) => ["codeartifact", "--domain", "my-domain", "--repository", repository];
  const said = async (...words: string[]) => (await setup(...words)).stderr;
  const first = await said(...of("one"), "--tool", "cargo,npm", "--scope", "@a");
  expect(first).toContain("my-domain/one is the default repository.\n");
  expect(await said(...of("one"), "--tool", "cargo,npm", "--scope", "@a")).toContain(
    "my-domain/one stays the default repository.",
  );
  const extra = [...of("two"), "--tool", "npm", "--extra", "--scope", "@b"];
  expect(await said(...extra, "--dry-run")).toContain(
    "my-domain/two would be beside the public registry, for what names it (--extra). The default repository stays my-domain/one.",
  );
  expect(await said(...extra)).toContain("my-domain/two is beside the public registry, for what names it (--extra).");
  expect(await said("codeartifact", "--default", "--repository", "two")).toContain(
    "my-domain/two is the default repository, in place of my-domain/one. Until now it was beside the public registry (--extra).",
  );
  expect(await said(...extra)).toContain(
    "Until now it stood in the place of that registry. The default repository is my-domain/one.",
  );
});

test("a variable of the user's own that wins is named", async () => {
  await setRole();
  env["PIP_INDEX_URL"] = "https://index.example.com/simple";
  const run = await codeartifact().finally(() => delete env["PIP_INDEX_URL"]);
  expect(run.stderr).toContain("The variable PIP_INDEX_URL");
  expect(run.stderr).toContain("It wins: unset PIP_INDEX_URL");
});

test.each([
  ["pip", ".config/pip/pip.conf", "[global]\nindex-url = https://mine.example/\n", ["--allow-mixing"]],
  ["ruby", ".gemrc", ":sources:\n- https://mine.example/\n", ["--allow-mixing"]],
])("of a default repository and one beside it either can be removed first: %s", async (tool, file, own, flags) => {
  await setRole();
  const of = (repository: string) => ["--domain", "my-domain", "--repository", repository];
  for (const [first, last] of [
    ["aaa", "bbb"],
    ["bbb", "aaa"],
  ] as const) {
    mkdirSync(join(home, file, ".."), { recursive: true });
    writeFileSync(join(home, file), own);
    await setup("codeartifact", ...of("aaa"), "--tool", tool);
    await setup("codeartifact", ...of("bbb"), "--tool", tool, "--extra", ...flags);
    await setup("codeartifact", ...of(first), "--remove");
    expect(read(file)).not.toContain(`/${first}/`);
    expect(read(file)).toContain(`/${last}/`);
    const run = await setup("codeartifact", ...of(last), "--remove");
    expect(run.stderr).not.toContain("you have changed");
    expect(read(file)).toBe(own);
  }
});
