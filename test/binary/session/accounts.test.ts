/** Two accounts in two regions, profiles, a chain and a publish role, with the release executable and the real Cargo. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import { cargoGet, ended, executable, type Laptop, sandboxExecutable } from "../../laptop.ts";
import type { Account } from "../../sandbox/aws/account.ts";
import { acme } from "../../sandbox/aws/second-account.ts";
import { startAcmeLaptop } from "./acme-laptop.ts";
import { names } from "../../sandbox/main.ts";
import { requires } from "../../requires.ts";
import { buildWheel, myPackage } from "../../sandbox/packages.ts";
import { filesContaining } from "../disk.ts";
import { pathWith, programsOf } from "../tools/javascript/npm-laptop.ts";
import { crateProject, crateUserProject, npmProject, npmUserProject } from "../projects.ts";

const uv = join(import.meta.dir, "../../../.tools/pip-26/bin/uv");

let laptop: Laptop;
let otherAccount: Account;
let work: string;
beforeAll(async () => {
  const at = await startAcmeLaptop();
  ({ laptop, otherAccount } = at);
  work = join(laptop.home, "work");
  mkdirSync(join(work, "acme/deep"), { recursive: true });
  symlinkSync(join(work, "acme"), join(laptop.home, "link"));
  await at.setUpProfile("--folder", join(laptop.home, "link"));
  await at.setUpPublishing("--registry-name", "acme", "--tool", "cargo,npm,pip");
});
afterAll(async () => laptop?.stop());

const request = (operation: string) => cargoGet(acme.index).replace('"read"', JSON.stringify(operation));
const provider = async (...operations: string[]) => {
  const stdin = operations.map(request).join("");
  const run = laptop.runOnTerminal([sandboxExecutable, "--cargo-plugin"], { stdin });
  const lines = (await ended(run)).trim().split("\n").slice(1);
  return lines.map((line) => (JSON.parse(line) as { Ok: { token: string; cache: string } }).Ok);
};
const holder = (token: string) => otherAccount.verifyToken(token, acme.domain)?.role.name;

test("the endpoint of another account is what its own CodeArtifact says, asked by the profile", async () => {
  const { repositories } = JSON.parse(await ended(laptop.vouch("status", "--json"))) as {
    repositories: { domain: string; endpoints: { cargo: string } }[];
  };
  expect(repositories.find(({ domain }) => domain === acme.domain)?.endpoints.cargo).toBe(acme.index.slice(7));
  expect(otherAccount.calls.GetRepositoryEndpoint).toBeGreaterThan(0);
});

test("both accounts are served in one session, each by its own role", async () => {
  const stdin = cargoGet() + request("read");
  const [, own = "", other = ""] = (await ended(laptop.run([executable, "--cargo-plugin"], { stdin }))).split("\n");
  const tokenOf = (line: string) => (JSON.parse(line) as { Ok: { token: string } }).Ok.token;
  expect(laptop.sandbox.account.verifyToken(tokenOf(own), names.domain)?.role.name).toBe("vouch-developer");
  expect(holder(tokenOf(other))).toBe("acme-reader");
});

test("Cargo is told not to reuse a read token for an upload, and gets the publish role's for one", async () => {
  const [read, publish, again] = await provider("read", "publish", "read");
  expect(read).toMatchObject({ cache: "expires", operation_independent: false });
  expect(holder(read!.token)).toBe("acme-reader");
  expect(publish).toEqual({
    kind: "get",
    token: expect.any(String),
    cache: "never",
    operation_independent: false,
  } as never);
  expect(holder(publish!.token)).toBe("acme-publisher");
  expect(again!.token).toBe(read!.token);
});

describe("vouch credential", () => {
  const account = (stdout: string) => {
    const { AccessKeyId } = JSON.parse(stdout) as { AccessKeyId: string };
    return (
      otherAccount.credentials(AccessKeyId)?.role.name ?? laptop.sandbox.account.credentials(AccessKeyId)?.role.name
    );
  };
  const aws = async (args: string[], cwd: string, env: Record<string, string> = {}) =>
    laptop.run([executable, "credential", "aws", ...args], { cwd, env });

  test.each<[string, string[], () => string, Record<string, string>, string]>([
    ["no profile", [], () => laptop.home, {}, "vouch-developer"],
    ["--profile", ["--profile", "acme"], () => laptop.home, {}, "acme-reader"],
    ["VOUCH_PROFILE", [], () => laptop.home, { VOUCH_PROFILE: "acme" }, "acme-reader"],
    ["a folder of the profile", [], () => join(work, "acme/deep"), {}, "acme-reader"],
    ["a link to its folder", [], () => join(laptop.home, "link"), {}, "acme-reader"],
    ["another folder", [], () => work, {}, "vouch-developer"],
    [
      "a role that a file of a project may have named",
      [],
      () => work,
      { VOUCH_ROLE: acme.publishRoleArn },
      "vouch-developer",
    ],
  ])("aws gives the credentials that belong to %s", async (_, args, cwd, env, role) => {
    expect(account(await ended(aws(args, cwd(), env)))).toBe(role);
  });

  test("aws refuses a VOUCH_PROFILE that is another than the folder's, and gives what its flag names", async () => {
    await ended(laptop.vouch("setup", "aws", "--profile", "own", "--role", names.roleArn, "--region", names.region));
    const inside = join(work, "acme");
    expect(await aws([], inside, { VOUCH_PROFILE: "own" })).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: expect.stringContaining("this folder belongs to the profile acme"),
    });
    expect(account(await ended(aws(["--profile", "own"], inside, { VOUCH_PROFILE: "own" })))).toBe("vouch-developer");
  });

  test.each<[string[], number, string]>([
    [["aws", "--profile", "acne"], 1, "Did you mean `acme`? The profiles are acme"],
    [["aws", "--profile", "acme", "--role", acme.roleArn], 2, "exclude each other"],
    [["codeartifact", "--profile", "acme", "--endpoint", "https://x.example/"], 2, "exclude each other"],
    [["codeartifact", "--purpose", "both"], 2, "--purpose is read or publish"],
  ])("%j is refused", async (words, exitCode, message) => {
    const finished = await laptop.vouch("credential", ...words);
    expect(finished).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) });
  });

  test("codeartifact gives the profile's token, for what it is to be used", async () => {
    const of = async (...more: string[]) =>
      ended(laptop.runOnTerminal(["vouch", "credential", "codeartifact", "--profile", "acme", ...more]));
    expect(holder((await of()).trim())).toBe("acme-reader");
    expect(holder((await of("--purpose", "publish")).trim())).toBe("acme-publisher");
    expect(holder((await of("--purpose=read")).trim())).toBe("acme-reader");
  });
});

describe("vouch exec", () => {
  test("gives the read token to a command that does not publish, and the publish role's to one that does", async () => {
    const bin = join(laptop.home, "bin");
    mkdirSync(bin);
    await Bun.write(join(bin, "gem"), '#!/bin/sh\necho "$CODEARTIFACT_AUTH_TOKEN"\n');
    await ended(laptop.run(["chmod", "755", join(bin, "gem")]));
    const gem = async (word: string, ...flags: string[]) =>
      (await ended(laptop.runOnTerminal(["vouch", "exec", ...flags, "--", join(bin, "gem"), word]))).trim();
    expect(holder(await gem("install"))).toBe("acme-reader");
    expect(holder(await gem("push"))).toBe("acme-publisher");
    expect(holder(await gem("of-its-own", "--publish"))).toBe("acme-publisher");
    // The script is the person's own word for what it does.
    expect(holder(await gem("of-its-own"))).toBe("acme-reader");
  });

  test("gives twine the publish role's token by a pipe alone, also where its shim stands before it", async () => {
    const bin = join(laptop.home, "twine-bin");
    mkdirSync(bin);
    // What the real one does (test/binary/tools/python), and what it and its children could find.
    const text = `#!/bin/sh
printf '%s\\n' "$CODEARTIFACT_AUTH_TOKEN"
sed 1d "$VOUCH_TWINE"; echo; sed 1d "$VOUCH_TWINE"
env | grep -v '^CODEARTIFACT_AUTH_TOKEN='
`;
    await Bun.write(join(bin, "twine"), text);
    await ended(laptop.run(["chmod", "755", join(bin, "twine")]));
    const shims = join(laptop.home, "twine-shims");
    mkdirSync(shims);
    symlinkSync(sandboxExecutable, join(shims, "twine"));
    for (const folders of [[bin], [shims, bin]]) {
      const env = { PATH: [...folders, laptop.env["PATH"]].join(":") };
      const upload = (...args: string[]) =>
        ended(laptop.runOnTerminal(["vouch", "exec", "--", "twine", "upload", ...args, "x.whl"], { env }));
      const [read = "", published = "", ...rest] = (await upload()).split("\n");
      expect(holder(read)).toBe("acme-reader");
      expect(holder(published)).toBe("acme-publisher");
      const others = rest.join("\n").split(read).join("");
      expect(others).toContain(`TWINE_REPOSITORY_URL=https://${acme.host}/pypi/`);
      expect(others).not.toContain(published);
      expect(others).not.toContain("TWINE_PASSWORD");
    }
  });
});

describe("the publish role, without which the account refuses an upload, is the one that uploads", () => {
  const refused = () =>
    Object.values(laptop.sandbox.packageCounters(acme.id)).reduce((sum, each) => sum + each.forbidden, 0);
  const withoutShims = () => laptop.env["PATH"]!.split(":").filter((folder) => folder !== laptop.shims);
  /** A package of this version, to publish. */
  async function library(version: string): Promise<string> {
    const folder = npmProject(join(laptop.home, "my-lib"), "my-lib");
    const manifest = Bun.file(join(folder, "package.json"));
    await Bun.write(manifest, (await manifest.text()).replace("1.0.0", version));
    return folder;
  }

  test.skipIf(!requires("cargo"))(
    "by cargo publish; what is published is then read by the other role",
    async () => {
      const crate = crateProject(join(laptop.home, "my-crate"), "my-crate", "acme");
      await ended(laptop.runOnTerminal(["cargo", "publish", "--registry", "acme", "--allow-dirty"], { cwd: crate }));
      const app = crateUserProject(join(laptop.home, "cargo-app"), "my-crate", "acme");
      await ended(laptop.run(["cargo", "fetch"], { cwd: app }));
      expect(refused()).toBe(0);
    },
    300_000,
  );

  test.skipIf(!requires("cargo"))(
    "not without a terminal to ask for the touch on: Cargo says so, and nothing is uploaded",
    async () => {
      const crate = crateProject(join(laptop.home, "no-touch"), "no-touch", "acme");
      const before = laptop.sandbox.packageCounters(acme.id).cargo;
      const publish = ["setsid", "cargo", "publish", "--registry", "acme", "--allow-dirty", "--no-verify"];
      const { exitCode, stderr } = await laptop.run(publish, { cwd: crate });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("Publishing to acme/their-repo needs a touch of your security key.");
      expect(stderr).toContain("Run it in a terminal");
      // The index was read with the other role's token; no upload was even tried.
      expect(laptop.sandbox.packageCounters(acme.id).cargo).toMatchObject({
        unauthorized: before.unauthorized,
        forbidden: before.forbidden,
      });
    },
    120_000,
  );

  test("gives its credentials to nobody, by whatever profile", async () => {
    const flags = ["--role", acme.publishRoleArn, "--region", acme.region, "--via", names.roleArn];
    const setup = await laptop.vouch("setup", "aws", "--profile", "thief", ...flags);
    expect({ exitCode: setup.exitCode, stdout: setup.stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(setup.stderr).toContain("what reads could publish, without a touch");
    // Settings that setup did not write.
    const path = join(laptop.home, ".config/vouch/config.json");
    const before = readFileSync(path, "utf8");
    const settings = JSON.parse(before);
    const thief = { roleArn: acme.publishRoleArn, region: acme.region, via: [names.roleArn] };
    writeFileSync(path, JSON.stringify({ ...settings, profiles: { ...settings.profiles, thief } }));
    const { exitCode, stdout, stderr } = await laptop.vouch("credential", "aws", "--profile", "thief");
    writeFileSync(path, before);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain(acme.publishRoleArn);
  });

  test("says on the terminal who asks for what, as Cargo claims it", async () => {
    const claim = { name: "my-crate", vers: "9.9.9", cksum: "0".repeat(64) };
    const asked = JSON.stringify({ ...(JSON.parse(request("publish")) as object), ...claim });
    // A shell of its own is what has started the helper: no touch before was for it.
    const cargo = ["sh", "-c", '"$0" --cargo-plugin; exit $?', sandboxExecutable];
    const run = await laptop.runOnTerminal(cargo, { stdin: `${asked}\n` });
    expect(run.stderr).toContain(
      "asks to publish my-crate 9.9.9 to acme/their-repo. Touch your security key to allow it.",
    );
    expect(run.stderr).toContain("Allowed until");
  });

  test("names the command that `vouch exec` runs, and the one that asks by `vouch credential`", async () => {
    const exec = await laptop.runOnTerminal(["vouch", "exec", "--publish", "--", "env", "--version", "a-secret"]);
    expect(exec.stderr).toContain("env --version *** (vouch) asks to publish to acme/their-repo.");
    const script = join(laptop.home, "yarn-4.9.1.sh");
    await Bun.write(
      script,
      `vouch credential codeartifact --endpoint ${acme.index.slice(7)} --purpose publish; exit $?`,
    );
    const shim = await laptop.runOnTerminal(["sh", script, "npm", "publish"]);
    expect(shim.stderr).toContain("asks to publish to acme/their-repo.");
    expect(shim.stderr).toContain("npm publish (vouch)");
  });

  test("waits for its turn while an idle program holds the question, which it names, and then asks for its own touch", async () => {
    const client = JSON.stringify(join(import.meta.dir, "../../../src/agent/wire/client.ts"));
    const text = `const { askAgent } = await import(${client});
      await askAgent("/v1/publish/start", { format: "cargo" });
      console.log("begun");
      await Bun.stdin.text();`;
    const env = { ...laptop.env };
    await using idle = Bun.spawn([process.execPath, "-e", text], { env, stdin: "pipe", stdout: "pipe" });
    await idle.stdout.getReader().read();
    const command = ["vouch", "exec", "--publish", "--", "true"];
    const asked = laptop.runOnTerminal(command);
    const hasAsked = async () => (await ended(laptop.vouch("log", "--json"))).includes("touch_pending");
    await until(hasAsked);
    idle.kill("SIGKILL");
    const run = await asked;
    const words = run.stderr.replaceAll(/\s+/g, " ");
    expect(words).toContain(`(process ${idle.pid}), below `);
    expect(words).toContain("Do not touch the key for this command yet: it waits for its turn.");
    expect(words).toContain("true (vouch) asks to publish to acme/their-repo. Touch your security key to allow it.");
    expect(run.exitCode).toBe(0);
  });

  test.skipIf(!requires("npm"))(
    "by npm publish, also abbreviated and below vouch exec; what is published is then read by the other role",
    async () => {
      await ended(laptop.runOnTerminal(["npm", "pub"], { cwd: await library("1.0.0") }));
      const npm = ["vouch", "exec", "--", "npm", "publish"];
      await ended(laptop.runOnTerminal(npm, { cwd: await library("1.0.1"), env: { PATH: withoutShims().join(":") } }));
      const app = npmUserProject(join(laptop.home, "npm-app"), "my-lib");
      await ended(laptop.run(["npm", "install"], { cwd: app }));
      expect(refused()).toBe(0);
      // The account itself keeps the two apart: a token for reading is refused.
      const token = (await ended(laptop.vouch("credential", "codeartifact", "--profile", "acme"))).trim();
      const env = {
        PATH: withoutShims().join(":"),
        [`npm_config_//${acme.host}/npm/${acme.repository}/:_authToken`]: token,
      };
      expect((await laptop.run(["npm", "publish"], { cwd: await library("1.0.2"), env })).exitCode).not.toBe(0);
      expect(refused()).toBe(1);
    },
    120_000,
  );

  test("by bun publish, which gives its scripts its environment, only with --ignore-scripts", async () => {
    const where = ["--domain", acme.domain, "--repository", acme.repository, "--profile", "acme"];
    await ended(laptop.vouch("setup", "codeartifact", ...where, "--tool", "bun"));
    const folder = await library("3.9.0");
    const programs = join(laptop.folder, "programs");
    mkdirSync(programs);
    symlinkSync(process.execPath, join(programs, "bun"));
    const env = { PATH: [laptop.shims, programs, laptop.env["PATH"]].join(":") };
    const refusedFor = await laptop.runOnTerminal(["bun", "publish"], { cwd: folder, env });
    expect(refusedFor.exitCode).not.toBe(0);
    expect(refusedFor.stderr).toContain("`bun publish --ignore-scripts`, or publish with npm");
    expect(refusedFor.stderr).not.toContain("Touch your security key");
    const command = ["bun", "publish", "--ignore-scripts"];
    const { exitCode, stdout, stderr } = await laptop.runOnTerminal(command, { cwd: folder, env });
    expect(stderr).toContain("asks to publish to acme/their-repo. Touch your security key to allow it.");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining("my-lib@3.9.0") });
  });

  describe.each(["pnpm-9", "pnpm", "pnpm-11", "pnpm-12"])("by %s", (tool) => {
    test.skipIf(!requires("npm", join(programsOf(tool), "pnpm")))(
      "publish, after one touch; a token that scripts could read it does not get",
      async () => {
        const PATH = pathWith(laptop, tool);
        const where = ["--domain", acme.domain, "--repository", acme.repository, "--profile", "acme"];
        await ended(laptop.run(["vouch", "setup", "codeartifact", ...where, "--tool", "pnpm"], { env: { PATH } }));
        const before = refused();
        const command = ["pnpm", "publish", "--no-git-checks"];
        const version = `4.0.${["pnpm-9", "pnpm", "pnpm-11", "pnpm-12"].indexOf(tool)}`;
        const cwd = await library(version);
        const { exitCode, stderr } = await laptop.runOnTerminal(command, { cwd, env: { PATH } });
        expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
        const words = stderr.replaceAll(/\s+/g, " ");
        expect(words.match(/asks to publish/g)?.length).toBe(1);
        expect(words).not.toContain("can read");
        await library(`5${version.slice(1)}`);
        await Bun.write(join(cwd, ".npmrc"), `//${acme.host}/npm/${acme.repository}/:_authToken=\${AWS_TOKEN}\n`);
        const exposed = await laptop.runOnTerminal(command, { cwd, env: { PATH } });
        await Bun.file(join(cwd, ".npmrc")).delete();
        expect(exposed.exitCode).not.toBe(0);
        const said = exposed.stderr.replaceAll(/\s+/g, " ");
        expect(said).toMatch(/p?npm gets no token for publishing, because scripts could read it: .*\.npmrc/);
        expect(refused()).toBe(before);
      },
      120_000,
    );
  });

  test.skipIf(!requires(uv))(
    "by uv publish, which asks keyring for a URL that says nothing",
    async () => {
      const before = refused();
      const { filename, bytes } = buildWheel(myPackage);
      const wheel = join(laptop.home, filename);
      await Bun.write(wheel, bytes);
      const url = `https://${acme.host}/pypi/${acme.repository}/`;
      const words = ["publish", "--publish-url", url, "--username", "aws", "--keyring-provider", "subprocess", wheel];
      await ended(laptop.runOnTerminal([uv, ...words]));
      expect(refused()).toBe(before);
    },
    120_000,
  );
});

test("an account that refuses is named with its role and what to allow, and the other one is served", async () => {
  otherAccount.deniedActions.add("sts:AssumeRole");
  try {
    await laptop.vouch("logout");
    await laptop.login();
    const stdin = cargoGet() + request("read");
    const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin });
    const [, own, other] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(own).toMatchObject({ Ok: { kind: "get" } });
    expect(JSON.stringify(other)).toContain(`the policy of ${names.roleArn} sts:AssumeRole on ${acme.roleArn}`);
  } finally {
    otherAccount.deniedActions.clear();
  }
});

test("no token and no credential of either account is on disk", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|VouchSandboxSecret|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
