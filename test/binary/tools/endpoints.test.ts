/** The hosts that AWS has for one repository, with the cargo, npm, pip and uv of this machine. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoGet, ended, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";
import { requires, requiresKeyringPip } from "../../requires.ts";
import { myLib, myPackage, seedPackage } from "../../sandbox/packages.ts";
import { crateUserProject, npmUserProject } from "../projects.ts";

const dualStack = `${names.domain}-${names.account}.codeartifact.${names.region}.on.aws`;
const vpc = `vpce-0743fe535b883ffff-76ddffff.d.codeartifact.${names.region}.vpce.amazonaws.com`;

const uv = join(import.meta.dir, "../../../.tools/pip-26/bin/uv");

/** Each host with the flags that set it up, and the URL of the repository under it. */
const hosts = {
  "the IPv4 host": {
    flags: ["--endpoint", `https://${names.packageHost}/npm/${names.repository}/`],
    url: (format: string) => `https://${names.packageHost}/${format}/${names.repository}/`,
  },
  "the dual-stack host": {
    flags: ["--dual-stack"],
    url: (format: string) => `https://${dualStack}/${format}/${names.repository}/`,
  },
  "a VPC endpoint": {
    flags: ["--endpoint", `https://${vpc}`],
    url: (format: string) => `https://${vpc}/${format}/d/${names.domain}-${names.account}/${names.repository}/`,
  },
} as const;
type HostName = keyof typeof hosts;

let laptop: Laptop;
const place = (name: string) => join(laptop.home, name);

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
  const { registries } = laptop.sandbox;
  await seedPackage(registries, "pypi", myPackage);
  await seedPackage(registries, "npm", myLib);
  await seedPackage(registries, "cargo", { name: "my-crate", version: "0.1.0", files: { "src/lib.rs": crate } });
});
afterAll(async () => laptop?.stop());

const crate = 'pub fn greeting() -> &\'static str {\n    "hello from my-crate"\n}\n';

/** `[configured, named by the project]` */
const pairs: [HostName, HostName][] = [
  ["the IPv4 host", "the dual-stack host"],
  ["the dual-stack host", "the dual-stack host"],
  ["the dual-stack host", "the IPv4 host"],
  ["a VPC endpoint", "a VPC endpoint"],
  ["a VPC endpoint", "the IPv4 host"],
  ["a VPC endpoint", "the dual-stack host"],
];

describe.each(pairs)("with %s set up, and %s in the project", (configured, named) => {
  const other = hosts[named];
  beforeAll(async () => {
    await laptop.setUpRepository("--registry-name", registryName, ...hosts[configured].flags);
  });
  beforeEach(() => {
    for (const name of ["app", "site"]) rmSync(place(name), { recursive: true, force: true });
    for (const name of [".npm", ".cargo/registry", ".cache"]) rmSync(place(name), { recursive: true, force: true });
  });

  test.skipIf(!requires("npm"))(
    "npm installs from the project's lock file",
    async () => {
      const app = npmUserProject(place("app"), "my-lib");
      await ended(laptop.run(["npm", "install", "--package-lock-only"], { cwd: app }));
      const lock = readFileSync(join(app, "package-lock.json"), "utf8");
      expect(lock).toContain(hosts[configured].url("npm"));
      writeFileSync(join(app, "package-lock.json"), lock.replaceAll(hosts[configured].url("npm"), other.url("npm")));
      rmSync(place(".npm"), { recursive: true, force: true });
      await ended(laptop.run(["npm", "ci"], { cwd: app }));
      expect(await ended(laptop.run(["node", "-p", "require('my-lib')"], { cwd: app }))).toBe("hello from my-lib\n");
    },
    120_000,
  );

  test.skipIf(!requires("npm"))(
    "npm gets no token for plain http to that host",
    async () => {
      const app = npmUserProject(place("app"), "my-lib");
      writeFileSync(join(app, ".npmrc"), `registry=${other.url("npm").replace("https", "http")}\n`);
      const run = await laptop.run(["npm", "install"], { cwd: app });
      expect(run.exitCode).not.toBe(0);
      expect(run.stderr).toContain("npm gets no token here");
    },
    60_000,
  );

  test.skipIf(!requires("cargo"))(
    "Cargo builds with the index that the project's configuration names",
    async () => {
      const app = crateUserProject(place("app"), "my-crate", registryName);
      mkdirSync(join(app, ".cargo"), { recursive: true });
      writeFileSync(
        join(app, ".cargo/config.toml"),
        `[registries.${registryName}]\nindex = "sparse+${other.url("cargo")}"\n`,
      );
      await ended(laptop.run(["cargo", "build"], { cwd: app }));
      expect(readFileSync(join(app, "Cargo.lock"), "utf8")).toContain(`sparse+${other.url("cargo")}`);
      expect(await ended(laptop.run([join(app, "target/debug/app")]))).toBe("hello from my-crate\n");
    },
    300_000,
  );

  test.skipIf(!requires("pip", "python3") || !requiresKeyringPip(process.env))(
    "pip installs from the index on its command line",
    async () => {
      const index = ["--index-url", `${other.url("pypi")}simple/`];
      await ended(laptop.run(["pip", "install", "--no-cache-dir", "--target", place("site"), "my-package", ...index]));
      expect(readFileSync(place("site/my_package/__init__.py"), "utf8")).toContain("my-package");
    },
    120_000,
  );

  test.skipIf(!requires(uv, "python3"))(
    "uv installs from the index that the project names",
    async () => {
      mkdirSync(place("app"));
      const index = `url = "${other.url("pypi").replace("//", "//aws@")}simple/"\ndefault = true\n`;
      writeFileSync(join(place("app"), "uv.toml"), `keyring-provider = "subprocess"\n\n[[index]]\n${index}`);
      const install = [uv, "pip", "install", "--target", place("site"), "my-package"];
      await ended(laptop.run(install, { cwd: place("app") }));
      expect(readFileSync(place("site/my_package/__init__.py"), "utf8")).toContain("my-package");
    },
    120_000,
  );

  test("doctor finds the endpoints as they should be, and they let the role read", async () => {
    const { sections } = JSON.parse((await laptop.vouch("doctor", "--json")).stdout) as {
      sections: { findings: { check: string; status: string; found: string }[] }[];
    };
    const findings = sections
      .flatMap((section) => section.findings)
      .filter(({ check }) => /^(access|names|endpoint|read|pip-index|(npm|cargo)-registry)$/.test(check));
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(findings.filter(({ check }) => check === "read")).toHaveLength(3);
  });
});

test
  .skipIf(!requires("npm"))
  .each([
    ...Object.values(hosts).map(({ url }) => url("npm")),
    "https://my-domain-123456789012.d.codeartifact.eusc-de-east-1.amazonaws.eu/npm/my-repo/",
    "https://my-domain-123456789012.codeartifact.cn-north-1.on.amazonwebservices.com.cn/npm/my-repo/",
  ])("npm login at %s names the command of Vouch", async (url) => {
  const { exitCode, stderr } = await laptop.run(["npm", "login", `--registry=${url}`]);
  expect(stderr).toContain("`vouch login`");
  expect(exitCode).toBe(2);
});

test("a VPC endpoint that is not set up gets no token, whoever names it", async () => {
  await laptop.setUpRepository("--registry-name", registryName, ...hosts["the dual-stack host"].flags);
  const answer = await laptop.run([join(laptop.home, "../bin/vouch"), "--cargo-plugin"], {
    stdin: cargoGet(`sparse+${hosts["a VPC endpoint"].url("cargo")}`),
  });
  expect(answer.stdout).toContain("url-not-supported");
});
