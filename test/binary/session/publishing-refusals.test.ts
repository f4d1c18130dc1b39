/** What a person reads, and which exit code there is, when publishing needs a touch and does not get as far. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import {
  cargoGet,
  ended,
  type Finished,
  type Laptop,
  person,
  type RunOptions,
  sandboxExecutable,
} from "../../laptop.ts";
import type { Account } from "../../sandbox/aws/account.ts";
import { acme } from "../../sandbox/aws/second-account.ts";
import { startAcmeLaptop } from "./acme-laptop.ts";
import { names } from "../../sandbox/main.ts";
import { requires } from "../../requires.ts";
import { programsOf } from "../tools/javascript/npm-laptop.ts";
import { npmProject } from "../projects.ts";

const publisher = () => otherAccount.roles.find(({ name }) => acme.publishRoleArn.endsWith(name))!;

let laptop: Laptop;
let otherAccount: Account;
let library: string;
beforeAll(async () => {
  const at = await startAcmeLaptop();
  ({ laptop, otherAccount } = at);
  await at.setUpProfile();
  await at.setUpPublishing("--registry-name", "acme", "--tool", "cargo,npm,pip,maven,ruby");
  library = npmProject(join(laptop.home, "my-lib"), "my-lib");
});
afterAll(async () => laptop?.stop());

const publishRequest = `${cargoGet(acme.index).trim().replace('"read"', '"publish"')}\n`;
/** Each way to publish, and where it says why it did not. */
const ways: [string, string[], RunOptions, exitCode: (code: number) => number][] = [
  [
    "vouch credential",
    ["vouch", "credential", "codeartifact", "--profile", "acme", "--purpose", "publish"],
    {},
    (code) => code,
  ],
  ["vouch exec", ["vouch", "exec", "--publish", "--", "true"], {}, (code) => code],
  // It ends as its protocol has it; Cargo ends with a code of its own.
  [
    "Cargo's provider",
    ["sh", "-c", '"$0" --cargo-plugin; exit $?', sandboxExecutable],
    { stdin: publishRequest },
    () => 0,
  ],
];
/** Of Cargo's protocol, on stdout; else of the terminal. */
const lastLine = ({ stdout, stderr }: Finished) => (stdout.trim() || stderr.trim()).split("\n").at(-1)!;
/** The executable under the name of a package manager, installed or not. */
function shim(name: string): string {
  const path = join(laptop.folder, name);
  if (!existsSync(path)) symlinkSync(sandboxExecutable, path);
  return path;
}
const inLibrary = () => ({ cwd: library });

describe("without a terminal", () => {
  test.skipIf(!requires("npm"))("npm is not started, and the exit code says that it was denied", async () => {
    const { exitCode, stderr } = await laptop.run(["setsid", "-w", "npm", "publish"], inLibrary());
    expect(stderr).toContain("needs a touch of your security key. Run it in a terminal");
    expect(stderr).not.toContain("npm ");
    expect(exitCode).toBe(5);
  });

  test.each(["pnpm", "pnpm-11", "pnpm-12"])(
    "%s is not started, and is where another registry is meant",
    async (tool) => {
      const pnpm = join(programsOf(tool), "pnpm");
      if (!requires("npm", pnpm)) return;
      const env = { PATH: [laptop.shims, join(laptop.folder, "bin"), programsOf(tool), laptop.env["PATH"]!].join(":") };
      const publish = ["setsid", "-w", shim("pnpm"), "publish", "--no-git-checks"];
      const refused = await laptop.run(publish, { cwd: library, env });
      expect(refused.stderr).toStartWith(
        "vouch: Publishing to acme/their-repo needs a touch of your security key. Run it in",
      );
      expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
      const retries = { npm_config_fetch_retries: "0", pnpm_config_fetch_retries: "0" };
      const elsewhere = [...publish, "--registry", "http://127.0.0.1:9/"];
      const other = await laptop.run(elsewhere, { cwd: library, env: { ...env, ...retries } });
      expect(other.exitCode).toBe(1);
      expect(other.stdout + other.stderr).toMatch(/ERR|error|127\.0\.0\.1:9\b/);
    },
    60_000,
  );

  const at = (format: string) => `https://${acme.host}/${format}/${acme.repository}/`;
  test.each([
    ["twine, by name", "twine", ["upload", "--repository", acme.repository, "x.whl"]],
    ["twine, by URL", "twine", ["upload", "--repository-url", at("pypi"), "x.whl"]],
    ["gem", "gem", ["push", "--host", at("ruby"), "x.gem"]],
    ["Maven, whose POM names no repository", "mvn", ["deploy"]],
    ["Maven, whose POM names this one", "mvn", ["-f", "named.xml", "deploy"]],
  ])("%s is not started either", async (_, name, args) => {
    await Bun.write(join(laptop.home, "pom.xml"), "<project/>");
    const named = `<repository><id>r</id><url>${at("maven")}</url></repository>`;
    const management = `<distributionManagement>${named}</distributionManagement>`;
    await Bun.write(join(laptop.home, "named.xml"), `<project>${management}</project>`);
    const { exitCode, stdout, stderr } = await laptop.run(["setsid", "-w", shim(name), ...args]);
    expect(stderr).toStartWith("vouch: Publishing to acme/their-repo needs a touch of your security key. Run it in");
    expect({ exitCode, stdout, lines: stderr.trim().split("\n").length }).toEqual({
      exitCode: 5,
      stdout: "",
      lines: 1,
    });
  });

  test.skipIf(!requires("mvn"))("Maven is started where the POM names another repository", async () => {
    const named = "<repository><id>r</id><url>http://127.0.0.1:9/</url></repository>";
    const management = `<distributionManagement>${named}</distributionManagement>`;
    await Bun.write(join(laptop.home, "other.xml"), `<project>${management}</project>`);
    const { exitCode, stdout } = await laptop.run(["setsid", "-w", shim("mvn"), "-f", "other.xml", "deploy"]);
    expect(stdout).toContain("[ERROR]");
    expect(exitCode).toBe(1);
  });

  test.skipIf(!requires("npm"))("npm is refused for the one of two repositories that needs a touch", async () => {
    const own = ["--domain", names.domain, "--repository", names.repository, "--tool", "npm"];
    await ended(laptop.vouch("setup", "codeartifact", ...own));
    try {
      // Without a role for publishing no touch is asked for.
      const { exitCode, stdout } = await laptop.run(["setsid", "-w", "npm", "publish"], inLibrary());
      expect(stdout).toContain("+ my-lib@");
      expect(exitCode).toBe(0);
      const theirs = ["setsid", "-w", "npm", "publish", "--registry", at("npm")];
      await Bun.write(join(library, ".npmrc"), `registry=${at("npm")}\n`);
      const refused = await laptop.run(theirs, inLibrary());
      expect(refused.stderr).toStartWith("vouch: Publishing to acme/their-repo needs a touch of your security key.");
      expect(refused.exitCode).toBe(5);
    } finally {
      rmSync(join(library, ".npmrc"), { force: true });
      await ended(laptop.vouch("setup", "codeartifact", ...own, "--remove"));
    }
  });

  test.skipIf(!requires("npm"))("npm is started where it publishes to another registry", async () => {
    // Port 9 is nobody's.
    const elsewhere = ["--registry", "http://127.0.0.1:9/", "--fetch-retries", "0"];
    const { exitCode, stderr } = await laptop.run(["setsid", "-w", "npm", "publish", ...elsewhere], inLibrary());
    expect(stderr).toContain("npm error");
    expect(exitCode).toBe(1);
  });
});

describe("AWS refuses after the touch", () => {
  let trust: ReturnType<typeof publisher>["trustPolicy"];
  beforeAll(() => {
    trust = publisher().trustPolicy;
    publisher().trustPolicy = { ...trust, Statement: [] };
  });
  afterAll(() => {
    publisher().trustPolicy = trust;
  });

  test.each(ways)("%s says so, last, and not that there was no touch", async (_, command, options, exitCode) => {
    const run = await laptop.runOnTerminal(command, options);
    expect(lastLine(run)).toContain("AWS STS refused AssumeRole");
    expect(run.exitCode).toBe(exitCode(5));
  });

  test.skipIf(!requires("npm"))("npm is not started", async () => {
    const run = await laptop.runOnTerminal(["npm", "publish"], inLibrary());
    expect(run.stderr).toContain("AWS STS refused AssumeRole");
    expect(run.stderr).not.toContain("npm error");
    expect(run.exitCode).toBe(5);
  });
});

describe("the security key is one that the server does not know", () => {
  let key: RunningAuthenticator;
  beforeAll(async () => {
    key = await startAuthenticator({ socketPath: join(laptop.folder, "another-key.sock"), pin: person.pin });
  });
  afterAll(async () => key?.stop());

  test.each(ways)("%s says so, last, and not that there was no touch", async (_, command, options, exitCode) => {
    const env = { VOUCH_SANDBOX_KEY: join(laptop.folder, "another-key.sock") };
    const run = await laptop.runOnTerminal(command, { ...options, env });
    expect(lastLine(run)).toMatch(/not enrolled|no credential|is not known/i);
    expect(run.exitCode).toBe(exitCode(5));
  });
});
