/** `vouch setup codeartifact --remove`: everything is as it was. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../requires.ts";
import { toolchainEnvironment } from "../../toolchains.ts";
import { codeartifact, env, home, host, read, role, setRole, settings, snapshot, write, useHome } from "./home.ts";

useHome();

test("--remove leaves every file as it was: content, mode, links", async () => {
  await setRole();
  write(".cargo/config.toml", "# mine\r\n[build]\r\njobs = 2", 0o640);
  write("dotfiles/npmrc", "registry=https://old.example/\nsave-exact=true\n", 0o600);
  symlinkSync("dotfiles/npmrc", join(home, ".npmrc"));
  write(".bashrc", "alias ll='ls -l'");
  const before = snapshot();
  expect(await codeartifact("--path", "yes")).toMatchObject({ exitCode: 0 });
  expect(read(".bashrc")).toContain("export PATH=");
  expect(Object.keys(snapshot()).length).toBeGreaterThan(Object.keys(before).length);
  const removed = await codeartifact("--remove");
  expect(removed).toMatchObject({ exitCode: 0, stdout: "" });
  expect(snapshot()).toEqual(before);
  expect(existsSync(join(home, ".local/share/vouch/shims"))).toBe(false);
  expect(settings()).toEqual({ version: 1, aws: { roleArn: role, region: "us-east-1" }, repositories: [] });
  expect((await codeartifact("--remove")).stderr).toContain("nothing has changed");
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

test.skipIf(!requires("pip", "npm"))("files that pip and npm have written anew, without comments", async () => {
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
});
