/** The command lines of the README, as a person types them, with the cargo, pip and npm of this machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";
import { requires, requiresKeyringPip } from "../../requires.ts";
import { myPackage, seedPackage } from "../../sandbox/packages.ts";
import { filesContaining } from "../disk.ts";
import { crateProject, crateUserProject, npmProject, npmUserProject } from "../projects.ts";

const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
let laptop: Laptop;

const place = (name: string) => join(laptop.home, name);

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
});
afterAll(async () => laptop?.stop());

describe.skipIf(!requires("cargo"))("cargo", () => {
  test("publishes a crate and builds a project that uses it", async () => {
    const crate = crateProject(place("my-crate"), "my-crate", registryName);
    await ended(laptop.run(["cargo", "publish", "--registry", registryName, "--allow-dirty"], { cwd: crate }));
    const app = crateUserProject(place("cargo-app"), "my-crate", registryName);
    await ended(laptop.run(["cargo", "build"], { cwd: app }));
    expect(await ended(laptop.run([join(app, "target/debug/app")]))).toBe("hello from my-crate\n");
  });
});

describe.skipIf(!requires("npm"))("npm", () => {
  test("publishes a package and installs it in a project that uses it", async () => {
    await ended(laptop.run(["npm", "publish"], { cwd: npmProject(place("my-lib"), "my-lib") }));
    const app = npmUserProject(place("npm-app"), "my-lib");
    await ended(laptop.run(["npm", "install"], { cwd: app }));
    expect(await ended(laptop.run(["node", "-p", "require('my-lib')"], { cwd: app }))).toBe("hello from my-lib\n");
    expect(readFileSync(join(app, "package-lock.json"), "utf8")).toContain(names.packageHost);
  });

  describe("gives no token to the project's own programs", () => {
    const reveal = "node -p 'JSON.stringify(process.env)'";
    beforeAll(() => {
      const app = npmUserProject(place("npm-scripts"), "my-lib");
      const manifest = { name: "app", workspaces: ["w"], scripts: { show: reveal, test: reveal, start: reveal } };
      writeFileSync(join(app, "package.json"), JSON.stringify(manifest));
      npmUserProject(join(app, "w"), "my-lib");
      writeFileSync(
        join(app, "w/package.json"),
        JSON.stringify({ name: "w", version: "1.0.0", scripts: { test: reveal } }),
      );
      mkdirSync(join(app, "node_modules/.bin"), { recursive: true });
      writeFileSync(join(app, "node_modules/.bin/revealer"), `#!/bin/sh\n${reveal}\n`, { mode: 0o755 });
    });

    test.each([
      "npm run show",
      "npm -s run show",
      "npm --prefix . run show",
      "npm -C . run show",
      "npm -w w test",
      "npm --workspace w test",
      "npm --loglevel silent --no-audit rum show",
      "npm --script-shell bash -d tes",
      "npm start",
      "npm exec revealer",
      "npm x -- revealer",
      "npx revealer",
      "npx -y revealer",
      "npx -c revealer",
      "npx --script-shell bash revealer",
    ])(
      "by %s",
      async (line) => {
        const shown = await ended(laptop.run(line.split(" "), { cwd: place("npm-scripts") }));
        expect(shown).toContain('"PATH"');
        expect(shown).not.toMatch(/vouch-sandbox-token|_authToken/);
      },
      60_000,
    );
  });

  test.each([
    ["login", "vouch login"],
    ["adduser", "vouch login"],
    ["logout", "vouch logout"],
    ["whoami", "vouch status"],
    ["token list", "vouch status"],
  ])("%s names the command of Vouch and asks nothing", async (line, command) => {
    const { exitCode, stderr } = await laptop.run(["npm", ...line.split(" ")]);
    expect(stderr).toContain(`\`${command}\``);
    expect(exitCode).toBe(2);
  });

  test("login of another registry is left to npm", async () => {
    const registry = ["--registry=http://127.0.0.1:9/", "--fetch-retries=0", "--auth-type=legacy"];
    expect((await laptop.run(["npm", "login", ...registry])).stderr).not.toContain("vouch");
  });

  test("audit is explained", async () => {
    const { stderr } = await laptop.run(["npm", "audit"], { cwd: place("npm-app") });
    expect(stderr).toContain("vouch: CodeArtifact has no audit");
  });
});

describe.skipIf(!requires("pip", "python3") || !requiresKeyringPip(process.env))("pip", () => {
  const target = (name: string) => ["--target", place(name), "--no-cache-dir"];
  const installed = (name: string) => readFileSync(join(place(name), "my_package/__init__.py"), "utf8");

  test("installs with an index URL that has no user name", async () => {
    const command = ["pip", "install", "my-package", "--index-url", index, ...target("pip-url")];
    await ended(laptop.run(command));
    expect(installed("pip-url")).toContain("my-package");
  });

  test("installs from a requirements file", async () => {
    writeFileSync(place("requirements.txt"), "my-package==1.0.0\n");
    await ended(laptop.run(["pip", "install", "-r", "requirements.txt", ...target("pip-file")]));
    expect(installed("pip-file")).toContain("my-package");
  });

  test("that asks no keyring installs through vouch exec", async () => {
    const command = ["vouch", "exec", "--", "pip", "install", "my-package", ...target("pip-exec")];
    await ended(laptop.run(command, { env: { PIP_KEYRING_PROVIDER: "disabled" } }));
    expect(installed("pip-exec")).toContain("my-package");
  });
});

test("after publishing and installing no token, role credential or ID token stands in any file", () => {
  expect(
    filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./),
  ).toEqual([]);
});

test("one session serves all package managers with one STS call and one token", () => {
  expect(laptop.sandbox.account.calls.AssumeRoleWithWebIdentity).toBe(1);
  expect(laptop.sandbox.account.calls.GetAuthorizationToken).toBe(1);
});
