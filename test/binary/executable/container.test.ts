/** The executable in a container that has nothing but the C library: what `ldd` names, /proc, and not one file more. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ContainerOptions, librariesOf, makeRoot, runInContainer } from "./container.ts";
import { ciRoleArn, type Job, startJob } from "../../job.ts";
import { cargoGet, executable } from "../../laptop.ts";
import { requires, requiresMountNamespace } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { myLib, seedPackage } from "../../sandbox/packages.ts";

describe.skipIf(!requiresMountNamespace() || !requires("ldd"))("in an empty root file system", () => {
  let job: Job;
  let root: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    job = await startJob();
    root = join(job.folder, "root");
    makeRoot(root, [executable, Bun.which("env")!]);
    copyFileSync(job.sandbox.caPath, join(root, "ca.pem"));
    env = {
      HTTPS_PROXY: job.sandbox.proxyUrl,
      AWS_CA_BUNDLE: "/ca.pem",
      SSL_CERT_FILE: "/ca.pem",
      VOUCH_IDENTITY: "github-actions",
      VOUCH_ROLE: ciRoleArn,
      VOUCH_REGION: names.region,
      VOUCH_DOMAIN: names.domain,
      VOUCH_REPOSITORY: names.repository,
      ...job.github.env,
    };
  });
  afterAll(async () => job?.stop());

  const run = (command: string[], options: ContainerOptions = {}) => runInContainer(root, command, { env, ...options });

  test("the executable needs nothing but glibc", () => {
    const libraries = librariesOf(executable).map((path) => path.slice(path.lastIndexOf("/") + 1));
    expect(libraries.filter((name) => !/^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-.*\.so\.\d)$/.test(name))).toEqual(
      [],
    );
    expect(
      readdirSync(root)
        .filter((name) => !name.startsWith("lib"))
        .sort(),
    ).toEqual(["ca.pem", "env", "proc", "vouch"]);
  });

  test("vouch exec gives its command the tokens", async () => {
    const { exitCode, stdout, stderr } = await run(["/vouch", "exec", "--", "/env"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const token = /^CODEARTIFACT_AUTH_TOKEN=(.*)$/m.exec(stdout)?.[1] ?? "";
    expect(job.sandbox.account.verifyToken(token, names.domain)?.role).toBe(job.role);
    expect(stdout).toContain("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS=cargo:token /vouch\n");
    expect(stdout).not.toMatch(/^HOME=/m);
  });

  test("vouch exec needs no more of /proc than what the runtime finds its stack by", async () => {
    const bare = join(job.folder, "bare");
    makeRoot(bare, [executable]);
    copyFileSync(job.sandbox.caPath, join(bare, "ca.pem"));
    const command = ["/vouch", "exec", "--", "/vouch", "credential", "codeartifact"];
    const { exitCode, stdout, stderr } = await runInContainer(bare, command, { env, stackBoundsOnly: true });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(job.sandbox.account.verifyToken(stdout.trimEnd(), names.domain)?.role).toBe(job.role);
  });

  test("vouch exec works with flags alone", async () => {
    const { VOUCH_IDENTITY, VOUCH_ROLE, VOUCH_REGION, VOUCH_DOMAIN, VOUCH_REPOSITORY, ...rest } = env;
    const flags = `--identity ${VOUCH_IDENTITY} --role ${VOUCH_ROLE} --region ${VOUCH_REGION} --domain ${VOUCH_DOMAIN} --repository ${VOUCH_REPOSITORY}`;
    const command = ["/vouch", "exec", ...flags.split(" "), "--", "/vouch", "--cargo-plugin"];
    const { stdout, stderr } = await run(command, { env: rest, stdin: cargoGet() });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout.split("\n")[1]!)).toMatchObject({ Ok: { kind: "get" } });
  });

  test("Cargo's provider, credential codeartifact and credential aws answer", async () => {
    const cargo = await run(["/vouch", "--cargo-plugin"], { stdin: cargoGet() });
    expect(cargo.stderr).toBe("");
    expect(JSON.parse(cargo.stdout.split("\n")[1]!)).toMatchObject({ Ok: { kind: "get", cache: "expires" } });
    const token = await run(["/vouch", "credential", "codeartifact"]);
    expect(job.sandbox.account.verifyToken(token.stdout.trimEnd(), names.domain)?.role).toBe(job.role);
    const aws = await run(["/vouch", "credential", "aws"]);
    expect(JSON.parse(aws.stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) });
  });

  test("a failure is reported in words, with the exit code of the table", async () => {
    const missing = await run(["/vouch", "exec", "--", "/env"], { env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: "" } });
    expect(missing).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: expect.stringContaining("ACTIONS_ID_TOKEN_REQUEST_URL"),
    });
    const nobody = await run(["/vouch", "exec", "--", "/env"], { env: {} });
    expect(nobody).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("Not logged in") });
    const home = await run(["/vouch", "status"], { env: {} });
    expect(home.stderr).not.toContain("fault in Vouch");
    const other = await run(["/vouch", "exec", "--", "/env"], { env: { ...env, HOME: "/root" } });
    expect(other.exitCode).toBe(0);
  });

  test("vouch exec works with a home folder that belongs to another user", async () => {
    const home = join(root, "home");
    mkdirSync(join(home, ".config/vouch"), { recursive: true });
    writeFileSync(join(home, ".config/vouch/config.json"), "not for this user");
    chmodSync(home, 0o700);
    const { exitCode, stderr } = await run(["/vouch", "exec", "--", "/env"], { env: { ...env, HOME: "/home" } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("a closed stdout and a reader that went away end vouch without a stack trace or a core file", async () => {
    const prepare = ["mkdir -p dev", "touch dev/null", "mount --bind /dev/null dev/null"];
    const shared = ["/usr", "/bin", "/lib", "/lib64"];
    const image = join(job.folder, "closed");
    makeRoot(image, [executable]);
    copyFileSync(job.sandbox.caPath, join(image, "ca.pem"));
    const sh = (script: string) => runInContainer(image, ["/bin/sh", "-c", script], { env, prepare, shared });
    const unwritten = expect.stringMatching(/^vouch: The output cannot be written \((EBADF|EPIPE)\)\. [^\n]+\n1?\n?$/);
    expect(await sh("/vouch credential aws >&-; echo $?")).toEqual({ exitCode: 0, stdout: "1\n", stderr: unwritten });
    expect(await sh("/vouch exec -- /bin/true >&- 2>&- <&-; echo $?")).toMatchObject({ stdout: "0\n", stderr: "" });
    expect(await sh("{ /vouch credential aws; echo $? >&2; } | /bin/true")).toMatchObject({
      stdout: "",
      stderr: unwritten,
    });
  });

  test.skipIf(!requires("python3"))(
    "a non-blocking pipe that is full gets the whole output once somebody reads",
    async () => {
      const program = join(import.meta.dir, "programs/full-pipe.py");
      const own = { AWS_CA_BUNDLE: job.sandbox.caPath, SSL_CERT_FILE: job.sandbox.caPath };
      const { exitCode, stdout } = await job.run(["python3", program, executable, "credential", "aws"], {
        env: { ...env, ...own },
      });
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
    },
  );

  test.skipIf(!requires("npm", "node"))(
    "npm ci installs in an image with node where only the project's folder can be written",
    async () => {
      await seedPackage(job.sandbox.registries, "npm", myLib);
      const project = join(job.folder, "project");
      mkdirSync(project);
      const registry = `https://${names.packageHost}/npm/${names.repository}/`;
      const app = { name: "app", version: "1.0.0", private: true, dependencies: { "my-lib": "1.0.0" } };
      writeFileSync(join(project, "package.json"), JSON.stringify(app));
      writeFileSync(join(project, ".npmrc"), `registry=${registry}\n`);
      chmodSync(project, 0o777);
      const image = join(job.folder, "image");
      makeRoot(image, [executable]);
      copyFileSync(job.sandbox.caPath, join(image, "ca.pem"));
      const shared = ["/usr", "/bin", "/lib", "/lib64"];
      const options = {
        shared,
        writable: [project],
        prepare: ["mkdir -p dev", "touch dev/null", "mount --bind /dev/null dev/null"],
        env: {
          ...env,
          PATH: "/usr/local/bin:/usr/bin:/bin",
          NODE_EXTRA_CA_CERTS: "/ca.pem",
          npm_config_cafile: "/ca.pem",
          npm_config_cache: join(project, ".cache"),
          npm_config_update_notifier: "false",
        },
      };
      // npm itself ends without a home folder; Vouch, in front of it, has none.
      const npm = (...args: string[]) =>
        runInContainer(
          image,
          ["/vouch", "exec", "--", "env", "-C", project, `HOME=${project}`, "npm", ...args],
          options,
        );
      expect(await npm("install", "--package-lock-only")).toMatchObject({ exitCode: 0 });
      const { exitCode, stderr } = await npm("ci");
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(await Bun.file(join(project, "node_modules/my-lib/index.js")).text()).toContain("hello from my-lib");
    },
    240_000,
  );
});
