/** `vouch setup codeartifact --remove`: everything is as it was. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../../requires.ts";
import { toolchainEnvironment } from "../../../../toolchains/toolchains.ts";
import { host } from "../../../../settings/my-repository.ts";
import { codeartifact, env, home, read, role, setRole, settings, setup, snapshot, useHome, write } from "../home.ts";

useHome();

test("--remove leaves every file as it was: content, mode, links", async () => {
  await setRole();
  write(".cargo/config.toml", "# mine\r\n[build]\r\njobs = 2", 0o640);
  write("dotfiles/npmrc", "registry=https://old.example/\nsave-exact=true\n", 0o600);
  symlinkSync("dotfiles/npmrc", join(home, ".npmrc"));
  write(".bashrc", "alias ll='ls -l'");
  const before = snapshot();
  expect(await codeartifact("--path", "yes")).toMatchObject({ exitCode: 0 });
  expect(read(".bashrc")).toContain("_vouch_shims=");
  expect(Object.keys(snapshot()).length).toBeGreaterThan(Object.keys(before).length);
  const removed = await codeartifact("--remove");
  expect(removed).toMatchObject({ exitCode: 0, stdout: "" });
  expect(snapshot()).toEqual(before);
  expect(existsSync(join(home, ".local/share/vouch/shims"))).toBe(false);
  expect(settings()).toEqual({ version: 1, aws: { roleArn: role, region: "us-east-1" }, repositories: [] });
  expect((await codeartifact("--remove")).stderr).toContain("Nothing has changed");
});

test("--remove undoes one tool after the other, where each was set up", async () => {
  await setRole();
  const before = snapshot();
  env["PIP_CONFIG_FILE"] = join(home, "special/pip.conf");
  await codeartifact("--tool", "pip", "--tool=npm");
  delete env["PIP_CONFIG_FILE"];
  expect(settings().repositories[0]!.endpoints).toEqual({
    pypi: `https://${host}/pypi/my-repo/`,
    npm: `https://${host}/npm/my-repo/`,
  });
  await codeartifact("--remove", "--tool", "npm");
  expect(settings().repositories[0]!.endpoints).toEqual({ pypi: `https://${host}/pypi/my-repo/` });
  expect(readdirSync(join(home, ".local/share/vouch/shims")).toSorted()).toEqual(["keyring", "pip", "pip3"]);
  expect(existsSync(join(home, "special/pip.conf"))).toBe(true);
  await codeartifact("--remove", "--tool", "pip");
  expect(settings().repositories).toEqual([]);
  expect(snapshot()).toEqual(before);
});

test("--remove finds blocks that the settings have forgotten", async () => {
  await setRole();
  const before = snapshot();
  await codeartifact();
  write(".config/vouch/config.json", JSON.stringify({ version: 1, aws: { roleArn: role, region: "us-east-1" } }));
  expect(await codeartifact("--remove")).toMatchObject({ exitCode: 0 });
  expect(snapshot()).toEqual(before);
});

test.skipIf(!requires("pip", "npm"))(
  "--remove restores files that pip and npm have rewritten without comments",
  async () => {
    await setRole();
    const tools = { ...toolchainEnvironment(home), PATH: process.env["PATH"] ?? "" };
    await codeartifact("--tool", "pip,npm");
    Bun.spawnSync(["pip", "config", "--user", "set", "global.timeout", "60"], { env: tools });
    Bun.spawnSync(["npm", "config", "set", "save-exact=true", "--location=user"], { cwd: home, env: tools });
    expect(read(".npmrc")).toBe(`registry=https://${host}/npm/my-repo/\nsave-exact=true\n`);
    expect(read(".config/pip/pip.conf")).not.toContain("vouch");
    await codeartifact("--tool", "pip,npm");
    await codeartifact("--tool", "pip,npm", "--remove");
    expect(read(".npmrc")).toBe("save-exact=true\n");
    expect(read(".config/pip/pip.conf").trim()).toBe("[global]\ntimeout = 60");
    await codeartifact("--tool", "pip,npm");
    Bun.spawnSync(["pip", "config", "--user", "set", "global.retries", "3"], { env: tools });
    Bun.spawnSync(["npm", "config", "set", "save-prefix=~", "--location=user"], { cwd: home, env: tools });
    await codeartifact("--remove");
    expect(read(".npmrc")).toBe("save-exact=true\nsave-prefix=~\n");
    expect(read(".config/pip/pip.conf")).not.toContain("index-url");
  },
  60_000,
);

describe.skipIf(!requires("pip", "npm"))(
  "lines that a block had replaced are restored after npm and pip dropped the comments:",
  () => {
    const npmSet = (...words: string[]) => {
      const tools = { ...toolchainEnvironment(home), PATH: process.env["PATH"] ?? "" };
      Bun.spawnSync(["npm", "config", "set", ...words, "--location=user"], { cwd: home, env: tools });
    };
    const pipSet = (name: string, value: string) => {
      const tools = { ...toolchainEnvironment(home), PATH: process.env["PATH"] ?? "" };
      Bun.spawnSync(["pip", "config", "--user", "set", name, value], { env: tools });
    };
    const records = () => join(home, ".config/vouch/replaced-lines.json");

    test("the user's own registry and index are back", async () => {
      await setRole();
      write(".npmrc", "registry=https://npm.corp.example/\n");
      write(".config/pip/pip.conf", "[global]\nindex-url = https://pip.corp.example/simple\ntimeout = 5\n");
      await codeartifact("--tool", "pip,npm");
      expect(statSync(records()).mode & 0o777).toBe(0o600);
      npmSet("fund=false");
      pipSet("global.retries", "3");
      // Set up again, the copies stay.
      await codeartifact("--tool", "pip,npm");
      npmSet("save-exact=true");
      pipSet("global.timeout", "7");
      expect(await codeartifact("--remove")).toMatchObject({ exitCode: 0 });
      expect(read(".npmrc")).toBe("registry=https://npm.corp.example/\nfund=false\nsave-exact=true\n");
      expect(read(".config/pip/pip.conf").trim()).toBe(
        "[global]\nindex-url = https://pip.corp.example/simple\ntimeout = 7\nretries = 3",
      );
      expect(existsSync(records())).toBe(false);
    });

    test.each([[["my-repo", "other"]], [["other", "my-repo"]]])(
      "two repositories are removed in the order %j",
      async (order) => {
        await setRole();
        write(".npmrc", "registry=https://npm.corp.example/\n");
        const of = (repository: string) => [
          "codeartifact",
          "--domain",
          "my-domain",
          "--repository",
          repository,
          "--tool",
          "npm",
        ];
        await setup(...of("my-repo"));
        await setup(...of("other"));
        npmSet("fund=false");
        await setup(...of(order[0]!), "--remove");
        expect(read(".npmrc")).toContain(`registry=https://${host}/npm/${order[1]}/`);
        await setup(...of(order[1]!), "--remove");
        expect(read(".npmrc")).toBe("registry=https://npm.corp.example/\nfund=false\n");
      },
      60_000,
    );

    test("a line that may hold a secret is nowhere but in the file, and its loss is reported", async () => {
      await setRole();
      write(".config/pip/pip.conf", "[global]\nindex-url = https://me:hunter2@pip.corp.example/simple\n");
      await codeartifact("--tool", "pip");
      expect(readFileSync(records(), "utf8")).not.toContain("hunter2");
      pipSet("global.retries", "3");
      const { stderr } = await codeartifact("--remove");
      expect(stderr).toContain("may have held a secret");
      expect(stderr).toContain(".config/pip/pip.conf");
    });

    test("what the user has set since stays, and what is not restored is reported", async () => {
      await setRole();
      write(".npmrc", "registry=https://npm.corp.example/\n");
      await codeartifact("--tool", "npm");
      npmSet("registry=https://new.example/");
      const { stderr } = await codeartifact("--remove");
      expect(read(".npmrc")).toBe("registry=https://new.example/\n");
      expect(stderr).toContain("not put back: registry=https://npm.corp.example/");
    });

    test("a file that Vouch had made is deleted when it has nothing else", async () => {
      await setRole();
      const before = snapshot();
      await codeartifact("--tool", "pip,npm");
      for (const path of [".npmrc", ".config/pip/pip.conf"]) write(path, read(path).replace(/^#.*\n/gm, ""));
      await codeartifact("--remove");
      expect(snapshot()).toEqual(before);
    });
  },
);

test("--remove keeps and names a line that the user has changed or added in a block", async () => {
  await setRole();
  write(".npmrc", "registry=https://npm.corp.example/\n");
  await codeartifact();
  write(".npmrc", read(".npmrc").replace(/^registry=.*$/m, "registry=https://mine.example/"));
  write(".cargo/config.toml", read(".cargo/config.toml").replace(/^(credential-provider.*)$/m, '$1\ntoken = "mine"'));
  write(
    ".config/pip/pip.conf",
    read(".config/pip/pip.conf").replace(/^index-url = .*$/m, "index-url = https://mine.example/simple"),
  );
  const { exitCode, stderr } = await codeartifact("--remove");
  expect(exitCode).toBe(0);
  expect(stderr).toContain("stays: registry=https://mine.example/");
  expect(stderr).toContain("stays: token = ***");
  expect(read(".npmrc")).toBe("# registry=https://npm.corp.example/\nregistry=https://mine.example/\n");
  expect(read(".cargo/config.toml")).toBe('[registries.my-repo]\ntoken = "mine"\n');
  expect(read(".config/pip/pip.conf")).toBe("[global]\nindex-url = https://mine.example/simple\n");
});

test("--remove without names removes everything, also what the settings have forgotten", async () => {
  await setRole();
  write(".npmrc", "registry=https://npm.corp.example/\n");
  const before = snapshot();
  await codeartifact();
  await setup("codeartifact", "--domain", "my-domain", "--repository", "other");
  await setup("codeartifact", "--domain", "second", "--repository", "third");
  const forgotten = settings();
  write(".config/vouch/config.json", JSON.stringify({ ...forgotten, repositories: forgotten.repositories.slice(1) }));
  const removed = await setup("codeartifact", "--remove");
  expect(removed).toMatchObject({ exitCode: 0, stdout: "" });
  expect(snapshot()).toEqual(before);
  expect((await setup("codeartifact", "--remove")).stderr).toContain("Nothing has changed");
});

test("the undo command in a block works as it stands, for this block alone", async () => {
  await setRole();
  await codeartifact("--tool", "npm", "--scope", "@a");
  await setup("codeartifact", "--domain", "second", "--repository", "my-repo", "--tool", "npm", "--scope", "@b");
  const undo = /\(undo: vouch setup (.*)\)/.exec(read(".npmrc"))![1]!;
  expect(await setup(...undo.split(" "))).toMatchObject({ exitCode: 0 });
  expect(settings().repositories.map(({ domain }) => domain)).toEqual(["second"]);
  expect(read(".npmrc")).not.toContain("@a");
});

test("an .npmrc that begins with a token's line, as `aws codeartifact login` leaves it, is corrected and given back", async () => {
  await setRole();
  const own = "//registry.example.com/:_authToken=x\nregistry=https://registry.example.org/\n";
  write(".npmrc", own);
  await setup("codeartifact", "--domain", "my-domian", "--repository", "my-repo", "--tool", "npm");
  const run = await codeartifact("--tool", "npm");
  expect(run.stderr).not.toContain("written anew by another program");
  expect(read(".npmrc")).not.toContain("my-domian");
  await setup("codeartifact", "--remove");
  expect(read(".npmrc")).toBe(own);
});

test("a setup without names says which one is missing", async () => {
  expect((await setup("codeartifact", "--tool", "npm")).stderr).toContain("--domain");
  expect(await setup("codeartifact", "--domain", "my-domain")).toMatchObject({ exitCode: 2 });
});

test("--remove of a repository that is not set up says so, and lists those that are", async () => {
  await setRole();
  expect(await codeartifact("--tool", "npm")).toMatchObject({ exitCode: 0 });
  const before = snapshot();
  const wrong = ["--remove", "--domain", "my-domain", "--repository", "wrong"];
  for (const flags of [wrong, [...wrong, "--dry-run"]]) {
    const { exitCode, stderr } = await setup("codeartifact", ...flags);
    expect(stderr).toContain(
      "my-domain/wrong is not set up here; set up: my-domain/my-repo (123456789012, us-east-1).",
    );
    expect(exitCode).toBe(0);
  }
  expect(snapshot()).toEqual(before);
});
