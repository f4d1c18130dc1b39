/** `vouch setup codeartifact`: what it writes, says and refuses. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInTerminal } from "../../../../pty.ts";
import { host, myRepository } from "../../../../settings/my-repository.ts";
import {
  codeartifact,
  command,
  env,
  home,
  names,
  read,
  setRole,
  settings,
  setup,
  snapshot,
  write,
  useHome,
} from "../home.ts";

useHome();

describe("vouch setup codeartifact", () => {
  test("names the next steps in the order of `vouch doctor`: enroll, then the role, then login", async () => {
    const { stderr } = await codeartifact("--region", "us-east-1", "--domain-owner", "123456789012");
    expect(stderr).toMatch(/vouch enroll --server URL[^]*vouch setup aws --role ARN --region REGION[^]*vouch login/);
  });

  test("names the first command of each of many package managers, and all in JSON", async () => {
    await setRole();
    const { stderr } = await codeartifact("--tool", "cargo,pip,npm,maven");
    const [, next = ""] = stderr.split("Next:\n");
    expect(next).toMatch(/cargo add [^]*pip install PACKAGE[^]*npm install PACKAGE[^]*mvn package/);
    expect(next).not.toMatch(/publish|deploy/);
    const { stdout } = await codeartifact("--tool", "cargo,pip,npm,maven", "--json");
    expect(JSON.parse(stdout).next).toEqual(expect.arrayContaining(["npm publish", "mvn deploy"]));
    const { stderr: ofTwo } = await codeartifact("--tool", "npm,maven");
    expect(ofTwo).toMatch(/npm publish +publish yours[^]*mvn deploy/);
  });

  test("configures what is installed, says what it wrote and what to type, and is repeated without change", async () => {
    await setRole();
    const run = await codeartifact("--registry-name", "my-codeartifact-registry");
    expect(run).toMatchObject({ exitCode: 0, stdout: "" });
    for (const said of [
      "by AWS's naming rules (CodeArtifact was not asked: there is no session)",
      join(home, ".cargo/config.toml"),
      join(home, ".config/pip/pip.conf"),
      join(home, ".npmrc"),
      `eval "$(vouch hook bash)"`,
      "cargo publish --registry my-codeartifact-registry",
      "pip install PACKAGE",
      "npm install PACKAGE",
      "vouch login",
    ]) {
      expect(run.stderr).toContain(said);
    }
    expect(Bun.TOML.parse(read(".cargo/config.toml"))).toEqual({
      registries: {
        "my-codeartifact-registry": {
          index: `sparse+https://${host}/cargo/my-repo/`,
          "credential-provider": process.execPath,
        },
      },
    });
    expect(read(".config/pip/pip.conf")).toContain(
      `[global]\nindex-url = https://aws@${host}/pypi/my-repo/simple/\nkeyring-provider = subprocess\n`,
    );
    expect(read(".npmrc")).toContain(`\nregistry=https://${host}/npm/my-repo/\n`);
    expect(readdirSync(join(home, ".local/share/vouch/shims")).toSorted()).toEqual([
      "keyring",
      "npm",
      "npx",
      "pip",
      "pip3",
    ]);
    expect(settings().repositories).toEqual([
      {
        ...myRepository,
        registryName: "my-codeartifact-registry",
        files: {
          cargo: join(home, ".cargo/config.toml"),
          pip: join(home, ".config/pip/pip.conf"),
          npm: join(home, ".npmrc"),
        },
      },
    ]);
    const before = snapshot();
    const inode = statSync(join(home, ".npmrc")).ino;
    const again = await codeartifact("--registry-name", "my-codeartifact-registry");
    expect(again.stderr).toContain("nothing had to change");
    expect(snapshot()).toEqual(before);
    expect(statSync(join(home, ".npmrc")).ino).toBe(inode);
  });

  test("shows the changes with --dry-run and makes none", async () => {
    await setRole();
    write(".config/pip/pip.conf", "[global]\nindex-url = https://user:hunter2@old.example/simple\n");
    const before = { ...snapshot(), settings: read(".config/vouch/config.json") };
    const run = await codeartifact("--dry-run", "--path", "yes");
    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toContain("- index-url = https://user:***@old.example/simple\n");
    expect(run.stdout).toContain("+ #| index-url = https://user:***@old.example/simple\n");
    expect(run.stdout).toContain(`+ index-url = https://aws@${host}/pypi/my-repo/simple/\n`);
    expect(run.stdout).toContain(`${home}/.npmrc (new)\n`);
    expect(run.stdout).toContain("/shims/keyring (a link to Vouch)\n");
    expect(run.stdout).toContain("+ _vouch_shims=");
    expect({ ...snapshot(), settings: read(".config/vouch/config.json") }).toEqual(before);
    await codeartifact("--path", "yes");
    const after = snapshot();
    expect((await codeartifact("--remove", "--dry-run")).stdout).toContain("/.npmrc (deleted)\n");
    expect(snapshot()).toEqual(after);
  });

  test("a dry run names no variable that is not kept, and shows of Gradle's script what it is for", async () => {
    await setRole();
    const run = await codeartifact("--dry-run", "--tool", "bun,maven,gradle");
    expect(run.stdout).toContain('token = "$VOUCH_TOKEN_…"');
    expect(run.stdout).toContain("<id>vouch-…</id>");
    expect(run.stdout + run.stderr).not.toMatch(/VOUCH_TOKEN_[0-9A-F]|vouch-[0-9a-f]{16}/);
    expect(run.stdout).toContain(`+ vouchEndpoints << 'https://${host}/maven/my-repo/'`);
    expect(run.stdout).toMatch(/ {2}\([0-9]+ more lines, [0-9]+ bytes in all\)\n/);
    expect(run.stdout).not.toContain("def vouchLog");
    // Once it is kept, it is shown.
    await codeartifact("--tool", "maven");
    const [{ tokenVariable = "" } = {}] = settings().repositories;
    expect((await codeartifact("--dry-run", "--tool", "bun")).stdout).toContain(tokenVariable);
  });

  test("a bunfig.toml that cannot be edited leads to a form that can, and to no variable that is not kept", async () => {
    await setRole();
    write(".bunfig.toml", "install = { production = true }\n");
    const run = await codeartifact("--tool", "bun");
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("[install]");
    expect(run.stderr).not.toContain("VOUCH_TOKEN_");
    write(".bunfig.toml", "[install]\nproduction = true\n");
    expect(await codeartifact("--tool", "bun")).toMatchObject({ exitCode: 0 });
  });

  test("prints everything on stdout with --json", async () => {
    await setRole();
    const run = await codeartifact("--tool", "npm,pip", "--scope", "@acme", "--json");
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(run.stdout)).toMatchObject({
      dryRun: false,
      removed: false,
      endpointSource: "rules",
      repository: { repository: "my-repo", npmScopes: ["@acme"] },
      files: [
        { path: join(home, ".config/vouch/config.json"), change: "changed" },
        { path: join(home, ".config/pip/pip.conf"), change: "created" },
        { path: join(home, ".npmrc"), change: "created" },
      ],
      shims: { added: ["keyring", "pip", "pip3", "npm", "npx"], removed: [] },
      path: { file: join(home, ".bashrc"), added: false },
      next: ["pip install PACKAGE", "npm install @acme/PACKAGE", "npm publish"],
    });
    expect(read(".npmrc")).toContain(`\n@acme:registry=https://${host}/npm/my-repo/\n`);
  });

  test("makes links for pnpm beside npm's where it is installed, with --dry-run, --json and --remove too", async () => {
    await setRole();
    const before = snapshot();
    write("tools/pnpm", "#!/bin/sh\n", 0o755);
    write("tools/pnpx", "#!/bin/sh\n", 0o755);
    expect((await codeartifact("--dry-run")).stdout).toContain("/shims/pnpm (a link to Vouch)\n");
    const added = JSON.parse((await codeartifact("--tool", "npm", "--json")).stdout) as object;
    expect(added).toMatchObject({ shims: { added: ["npm", "npx", "pnpm", "pnpx"], removed: [] } });
    // A shell without pnpm on its PATH takes the links from no other shell.
    for (const name of ["pnpm", "pnpx"]) rmSync(join(home, "tools", name));
    const kept = JSON.parse((await codeartifact("--tool", "npm", "--json")).stdout) as object;
    expect(kept).toMatchObject({ shims: { added: [], removed: [] } });
    expect(await codeartifact("--remove")).toMatchObject({ exitCode: 0 });
    expect(snapshot()).toEqual(before);
  });

  test("works on a machine with pnpm and without npm", async () => {
    await setRole();
    for (const name of ["cargo", "pip", "npm"]) rmSync(join(home, "tools", name));
    write("tools/pnpm", "#!/bin/sh\n", 0o755);
    expect(await codeartifact()).toMatchObject({ exitCode: 0 });
    expect(read(".npmrc")).toContain("registry=");
  });

  test("takes --tool pnpm for npm, whose setup is pnpm's", async () => {
    await setRole();
    expect((await codeartifact("--tool", "pnpm")).exitCode).toBe(0);
    expect(Object.keys(settings().repositories[0]!.files!)).toEqual(["npm"]);
  });

  test("names the tools, and the one that was meant, when --tool names none", async () => {
    await setRole();
    const { exitCode, stderr } = await codeartifact("--tool", "pmpm");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--tool pnpm");
  });

  test("makes the repository that was set up last the default, for pip and npm as in the settings, and each can be removed first", async () => {
    await setRole();
    const before = snapshot();
    const other = ["codeartifact", "--domain", "my-domain", "--repository", "other"];
    await codeartifact();
    await setup(...other);
    await codeartifact("--tool", "cargo");
    const inOrder = () => settings().repositories.map(({ repository }) => repository);
    const byDefault = () => [
      read(".npmrc").match(/^registry=.*$/m)?.[0],
      read(".config/pip/pip.conf").match(/^index-url = .*$/m)?.[0],
    ];
    const lines = (name: string) => [
      `registry=https://${host}/npm/${name}/`,
      `index-url = https://aws@${host}/pypi/${name}/simple/`,
    ];
    expect(inOrder()).toEqual(["my-repo", "other"]);
    expect(byDefault()).toEqual(lines("other"));
    await codeartifact();
    expect(inOrder()).toEqual(["other", "my-repo"]);
    expect(byDefault()).toEqual(lines("my-repo"));
    await codeartifact("--remove");
    expect(read(".npmrc").match(/^registry=.*$/m)?.[0]).toBe(`registry=https://${host}/npm/other/`);
    expect(existsSync(join(home, ".local/share/vouch/shims/npm"))).toBe(true);
    await setup(...other, "--remove");
    expect(snapshot()).toEqual(before);
  });

  test("replaces the old settings by changed ones", async () => {
    await setRole();
    await codeartifact("--scope", "@acme", "--registry-name", "old");
    await codeartifact("--registry-name", "new");
    expect(Object.keys((Bun.TOML.parse(read(".cargo/config.toml")) as { registries: object }).registries)).toEqual([
      "new",
    ]);
    expect(read(".npmrc")).not.toContain("@acme");
    expect(settings().repositories[0]).not.toHaveProperty("npmScopes");
  });

  test("needs the account where there is no role, and takes the region from the environment", async () => {
    expect((await codeartifact("--region", "us-east-1")).stderr).toContain("--domain-owner");
    env["AWS_DEFAULT_REGION"] = "eu-west-1";
    expect(await codeartifact("--tool", "npm", "--domain-owner", "999999999999")).toMatchObject({ exitCode: 0 });
    env["AWS_REGION"] = "eu-central-1";
    await codeartifact("--tool", "npm", "--domain-owner", "999999999999", "--add");
    expect(settings().repositories.map(({ region }) => region)).toEqual(["eu-west-1", "eu-central-1"]);
    const ambiguous = await codeartifact("--remove");
    expect(ambiguous).toMatchObject({ exitCode: 2 });
    expect(ambiguous.stderr).toContain("999999999999 in eu-west-1, 999999999999 in eu-central-1");
    expect(await codeartifact("--remove", "--region", "eu-west-1")).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ["a region of another partition", ["--region", "cn-north-1"], "partition"],
    ["a malformed region", ["--region", "us east"], "region"],
    ["a malformed account", ["--domain-owner", "1234"], "12-digit"],
    ["an unknown tool", ["--tool", "cargo,cabal"], "cabal"],
    ["a scope without @", ["--scope", "acme"], "--scope @acme"],
    ["a scope with a line end", ["--scope", "@a\nb"], "scope"],
    ["a name that Cargo refuses", ["--registry-name", "1st"], "--registry-name r1st"],
    ["a registry name without Cargo", ["--registry-name", "x", "--tool", "pip"], "--tool cargo"],
    ["a scope without npm", ["--scope", "@x", "--tool", "pip,cargo"], "--tool npm"],
    ["an unknown answer", ["--path", "maybe"], "yes, no"],
    ["an unknown flag", ["--dryrun"], "--dry-run"],
  ])("refuses %s, and writes nothing", async (_, args, said) => {
    await setRole();
    const before = { ...snapshot(), settings: read(".config/vouch/config.json") };
    const run = await codeartifact(...args);
    expect(run).toMatchObject({ exitCode: 2, stdout: "" });
    expect(run.stderr).toContain(said);
    expect({ ...snapshot(), settings: read(".config/vouch/config.json") }).toEqual(before);
  });

  test.each([
    ["config.toml is not TOML", ".cargo/config.toml", "[build\n"],
    ["config.toml is not UTF-8", ".cargo/config.toml", "\xff\xfe"],
    ["pip.conf is not INI", ".config/pip/pip.conf", "index-url = x\n"],
    ["a block was damaged", ".npmrc", "# <<< vouch\n"],
    ["a foreign file has a shim's name", ".local/share/vouch/shims/npm", "mine\n"],
  ])("changes no file where one has a conflict: %s", async (_, path, text) => {
    await setRole();
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), Buffer.from(text, "latin1"));
    const before = { ...snapshot(), settings: read(".config/vouch/config.json") };
    const run = await codeartifact("--path", "yes");
    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr).toContain(join(home, path));
    expect({ ...snapshot(), settings: read(".config/vouch/config.json") }).toEqual(before);
  });

  test("refuses the same Cargo registry name for two repositories, and finds one where none is given", async () => {
    await setRole();
    await codeartifact("--tool", "cargo");
    const other = ["codeartifact", "--domain", "other", "--repository", "my-repo", "--tool", "cargo", "--add"];
    const run = await setup(...other, "--registry-name", "my-repo");
    expect(run).toMatchObject({ exitCode: 2 });
    expect(run.stderr).toContain("my-domain/my-repo");
    expect(await setup(...other)).toMatchObject({ exitCode: 0 });
    expect(settings().repositories.map(({ registryName }) => registryName)).toEqual(["my-repo", "other-my-repo"]);
  });

  test("sets up a repository whose name Cargo refuses, with a similar name for Cargo", async () => {
    await setRole();
    const run = await setup("codeartifact", "--domain", "my-domain", "--repository", "my.dotted_repo");
    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stderr).toContain("the registry my-dotted_repo,");
    expect(read(".cargo/config.toml")).toContain(`/cargo/my.dotted_repo/`);
    expect(read(".npmrc")).toContain(`registry=https://${host}/npm/my.dotted_repo/`);
    expect(read(".config/pip/pip.conf")).toContain("/pypi/my.dotted_repo/simple/");
  });

  test.each([
    ["--domain", ["--domain", "my-domian", "--repository", "my-repo"]],
    ["--region", [...names, "--region", "us-west-2"]],
    ["--domain-owner", [...names, "--domain-owner", "123456789021"]],
  ])("corrects a slip in %s when the command is repeated with the right one", async (_, wrong) => {
    await setRole();
    const before = snapshot();
    await codeartifact();
    const right = { ...snapshot(), settings: read(".config/vouch/config.json") };
    await setup("codeartifact", "--remove");
    expect(snapshot()).toEqual(before);
    await setup("codeartifact", "--domain", "my-domain", "--repository", "second", "--tool", "npm");
    await setup("codeartifact", "--domain", "my-domain", "--repository", "second", "--remove");
    await setup("codeartifact", ...wrong);
    const run = await codeartifact();
    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stderr).toContain("is replaced by it");
    expect({ ...snapshot(), settings: read(".config/vouch/config.json") }).toEqual(right);
    expect(settings().repositories).toHaveLength(1);
  });

  test("puts a correction in the place of what it corrects: the default stays the default", async () => {
    await setRole();
    await setup("codeartifact", "--domain", "my-domian", "--repository", "my-repo");
    await setup("codeartifact", "--domain", "my-domain", "--repository", "second");
    await codeartifact();
    expect(settings().repositories.map(({ domain, repository }) => `${domain}/${repository}`)).toEqual([
      "my-domain/my-repo",
      "my-domain/second",
    ]);
  });

  test("takes other scopes or another registry name for no correction", async () => {
    await setRole();
    await codeartifact("--scope", "@acme", "--registry-name", "acme");
    await setup("codeartifact", "--domain", "other", "--repository", "my-repo", "--tool", "npm", "--scope", "@other");
    await setup(
      "codeartifact",
      "--domain",
      "third",
      "--repository",
      "my-repo",
      "--tool",
      "cargo",
      "--registry-name",
      "x",
    );
    expect(settings().repositories).toHaveLength(3);
  });

  test("names a project that calls the index otherwise, and the flag that helps", async () => {
    await setRole();
    write("project/.cargo/config.toml", `[registries.company]\nindex = "sparse+https://${host}/cargo/my-repo/"\n`);
    const run = await codeartifact("--tool", "cargo");
    expect(run.stderr).not.toContain("company");
    const child = Bun.spawn([...command, "codeartifact", ...names, "--tool", "cargo"], {
      cwd: join(home, "project"),
      env,
      stdin: "ignore",
      stderr: "pipe",
    });
    expect(await child.stderr.text()).toContain("--registry-name company");
  });

  test("reports that no package manager is installed", async () => {
    await setRole();
    rmSync(join(home, "tools"), { recursive: true });
    // The shims are no installed tools either.
    await codeartifact("--tool", "npm");
    env["PATH"] = join(home, ".local/share/vouch/shims");
    expect(await codeartifact()).toMatchObject({ exitCode: 2 });
  });

  test("says nothing of a shims folder that is first on PATH", async () => {
    await setRole();
    env["PATH"] = `${home}/.local/share/vouch/shims:${env["PATH"]}`;
    const run = await codeartifact();
    expect(run.stderr).not.toContain("PATH");
    expect(existsSync(join(home, ".bashrc"))).toBe(false);
  });

  test("writes the start file with --path yes also where this shell has the folder already", async () => {
    await setRole();
    env["PATH"] = `${home}/.local/share/vouch/shims:${env["PATH"]}`;
    const run = await codeartifact("--path", "yes");
    expect(read(".bashrc")).toContain("_vouch_shims=");
    expect(run.stderr).not.toContain("Open a new shell");
  });
});

test.each([
  ["\r", true],
  ["n\r", false],
])("offers on a terminal to add the shims folder to the start file: %j", async (answer, added) => {
  await setRole();
  const run = await runInTerminal([...command, "codeartifact", ...names], { env }, async (person) => {
    await person.see("Set up my-domain/my-repo for cargo, pip and npm, which are installed? [Y/n] ");
    person.type("\r");
    await person.see(`Put the shims folder first on PATH, in ${home}/.bashrc? [Y/n] `);
    expect(existsSync(join(home, ".npmrc"))).toBe(false);
    person.type(answer);
  });
  expect(run.exitCode).toBe(0);
  expect(existsSync(join(home, ".bashrc"))).toBe(added);
  expect(existsSync(join(home, ".npmrc"))).toBe(true);
});

test("a no to the question is a choice: nothing changes, and the exit code is 0, not that of a cancellation", async () => {
  await setRole();
  const before = snapshot();
  const run = await runInTerminal([...command, "codeartifact", ...names], { env }, async (person) => {
    await person.see("Set up my-domain/my-repo for cargo, pip and npm, which are installed? [Y/n] ");
    person.type("n\r");
  });
  expect(run.exitCode).toBe(0);
  expect(run.screen).toContain("Nothing was changed. Name those that you want: --tool NAME.");
  expect(snapshot()).toEqual(before);
});

test("ignores a flag of a tool that is not installed, and says so; refuses one of a tool that is left out", async () => {
  await setRole();
  rmSync(join(home, "tools/cargo"));
  const set = await codeartifact("--registry-name", "mine");
  expect(set.exitCode).toBe(0);
  expect(set.stderr).toContain("cargo is not on PATH: --registry-name is not used.");
  expect(settings().repositories[0]!.registryName).toBeUndefined();
  const refused = await codeartifact("--registry-name", "mine", "--tool", "npm");
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("--registry-name is for cargo");
});

test("a removal passes by a broken file in which nothing was set up, and names no other", async () => {
  await setRole();
  const before = snapshot();
  write(".m2/settings.xml", "");
  write(".gemrc", "\u0000");
  await codeartifact("--tool", "npm");
  expect((await setup("codeartifact", "--remove")).exitCode).toBe(0);
  rmSync(join(home, ".m2"), { recursive: true });
  rmSync(join(home, ".gemrc"));
  expect(snapshot()).toEqual(before);
});

test.each(["--scope=@a", "--extra", "--add", "--dual-stack", "--path=yes"])(
  "a removal refuses what would not narrow it: %s",
  async (flag) => {
    await setRole();
    await codeartifact();
    const before = snapshot();
    expect((await setup("codeartifact", "--remove", flag)).exitCode).toBe(2);
    expect(snapshot()).toEqual(before);
  },
);

test("a slip in a name for one tool leaves the others where they are", async () => {
  await setRole();
  await codeartifact();
  const run = await setup("codeartifact", "--domain", "my-domian", "--repository", "my-repo", "--tool", "npm");
  expect(run.stderr).not.toContain("undefined");
  expect(read(".npmrc")).toContain("my-domian");
  expect(read(".config/pip/pip.conf")).toContain("my-domain");
  expect(read(".cargo/config.toml")).toContain("my-domain");
  await codeartifact("--tool", "npm");
  expect(read(".npmrc")).not.toContain("my-domian");
  expect(settings().repositories.map(({ domain }) => domain)).toEqual(["my-domain"]);
});

test.each(["npm", "yarn", "bun"])("--scope limits %s to a scope", async (tool) => {
  await setRole();
  const run = await codeartifact("--tool", tool, "--scope", "@acme");
  expect(run.exitCode).toBe(0);
  expect(settings().repositories[0]!.npmScopes).toEqual(["@acme"]);
  const [file = ""] = Object.values(settings().repositories[0]!.files!);
  expect(read(file.slice(home.length + 1))).toContain("acme");
});

test("lines to be written by hand stand on lines of their own, as the file wants them", async () => {
  await setRole();
  write(".cargo/config.toml", 'registries = { "my-repo" = { index = "x" } }\n');
  const run = await codeartifact("--tool", "cargo", "--registry-name", "company");
  expect(run.exitCode).toBe(1);
  expect(run.stderr).toContain(`\n  [registries.company]\n  index = "sparse+https://${host}/cargo/my-repo/"\n`);
});
