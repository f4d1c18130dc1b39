/**
 * The judges of the sandbox: the real cargo, pip, npm and AWS CLI of this machine, each with a home folder of its own.
 * They get a token handed to them; that Vouch hands it to them is tested elsewhere.
 */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { awsClis, requires, requiresAwsCli } from "../requires.ts";
import { findPackageManager, type PackageManager, toolchainEnvironment } from "../toolchains/toolchains.ts";
import { names, type Sandbox, startSandbox } from "./main.ts";
import { seedPackage } from "./packages.ts";
import { tempFolderUntil } from "../temp-folder.ts";

// Compilers and package managers are slow to start on a busy machine.
const origin = `https://${names.packageHost}`;

let sandbox: Sandbox;
let home: string;

beforeEach(async () => {
  home = tempFolderUntil(onTestFinished);
  sandbox = await startSandbox({ folder: join(home, "sandbox") });
});

afterEach(async () => {
  // Nothing was asked of any host outside of the sandbox.
  expect(sandbox.refused).toEqual([]);
  // Nobody took the token along to where a download was redirected to.
  expect(sandbox.assetRequests().filter(({ authorization }) => authorization !== null)).toEqual([]);
  await sandbox.stop();
});

/** Whether the package manager is there and works; in CI it must. */
function works(name: PackageManager): boolean {
  return requires(name) && findPackageManager(name, toolchainEnvironment(tmpdir())) !== undefined;
}

function issueToken(): string {
  const [role] = sandbox.account.roles;
  if (!role) throw new Error("the account has no role");
  return sandbox.account.issueToken(role, names.domain, Math.floor(Date.now() / 1000) + 3600);
}

/** Ends every token that was issued: a day passes at AWS. */
function expireTokens(): void {
  sandbox.account.clockOffsetMs += 24 * 3_600_000;
}

/** Writes files below the home folder and returns the folder they are in. */
function project(folder: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(home, folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(home, folder);
}

interface Finished {
  exitCode: number;
  /** Standard output and error, one after the other. */
  output: string;
}

async function run(cwd: string, command: string[], env: Record<string, string> = {}): Promise<Finished> {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...toolchainEnvironment(home), ...sandbox.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: `${stdout}${stderr}` };
}

async function succeeds(cwd: string, command: string[], env: Record<string, string> = {}): Promise<string> {
  const { exitCode, output } = await run(cwd, command, env);
  expect(exitCode, output).toBe(0);
  return output;
}

describe.skipIf(!works("cargo"))("the real cargo against the sandbox", () => {
  const index = {
    CARGO_REGISTRIES_MY_REGISTRY_INDEX: `sparse+${origin}/cargo/my-repo/`,
    CARGO_REGISTRIES_MY_REGISTRY_CREDENTIAL_PROVIDER: "cargo:token",
  };
  const withToken = (token: string) => ({ ...index, CARGO_REGISTRIES_MY_REGISTRY_TOKEN: token });
  const library = {
    "Cargo.toml": `[package]\nname = "my-crate"\nversion = "0.1.0"\nedition = "2021"\n
[features]\nextra = ["dep:my-base"]\n
[dependencies]\nmy-base = { version = "1", registry = "my-registry", optional = true }\n`,
    "src/lib.rs": '#[cfg(feature = "extra")]\npub fn answer() -> u32 {\n    my_base::BASE * 2\n}\n',
  };
  const application = {
    "Cargo.toml": `[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n
[dependencies]\nmy-crate = { version = "0.1", registry = "my-registry", features = ["extra"] }\n`,
    "src/main.rs": 'fn main() {\n    println!("the answer is {}", my_crate::answer());\n}\n',
  };

  beforeEach(() =>
    seedPackage(sandbox.registries, "cargo", {
      name: "my-base",
      version: "1.0.0",
      files: { "src/lib.rs": "pub const BASE: u32 = 21;\n" },
    }),
  );

  test("publishes a crate with a dependency and features, and builds with it", async () => {
    const env = withToken(issueToken());
    await succeeds(project("library", library), ["cargo", "publish", "--registry", "my-registry"], env);
    const output = await succeeds(project("app", application), ["cargo", "run"], env);
    expect(output).toContain("the answer is 42");
    // cargo asks for config.json without a token once, to learn that it needs one.
    expect(sandbox.counters().cargo).toMatchObject({ unauthorized: 1, forbidden: 0 });
  });

  test("sends a Bearer token too", async () => {
    const env = withToken(`Bearer ${issueToken()}`);
    await succeeds(project("library", library), ["cargo", "publish", "--registry", "my-registry"], env);
  });

  test("says without a token that it needs one", async () => {
    const { exitCode, output } = await run(project("app", application), ["cargo", "fetch"], index);
    expect([exitCode, output]).toEqual([101, expect.stringContaining("no token found for `my-registry`")]);
  });

  test("is refused with a token that has ended", async () => {
    const env = withToken(issueToken());
    expireTokens();
    const { exitCode, output } = await run(project("app", application), ["cargo", "fetch"], env);
    expect([exitCode, output]).toEqual([101, expect.stringContaining("token rejected for `my-registry`")]);
  });

  test("is told why with a role that may not publish", async () => {
    sandbox.account.deniedActions.add("codeartifact:PublishPackageVersion");
    const folder = project("library", library);
    const publish = await run(folder, ["cargo", "publish", "--registry", "my-registry"], withToken(issueToken()));
    expect([publish.exitCode, publish.output]).toEqual([
      101,
      expect.stringContaining("not authorized to perform: codeartifact:PublishPackageVersion"),
    ]);
  });
});

/** Lets pip install my-package. `credentials`: what the index URL has before the host. */
function pipInstall(credentials: string): Promise<Finished> {
  const indexUrl = `https://${credentials}${names.packageHost}/pypi/my-repo/simple/`;
  return run(home, ["pip", "install", "--no-input", "--target", "site", "--index-url", indexUrl, "my-package"]);
}

describe.skipIf(!works("pip"))("the real pip against the sandbox", () => {
  beforeEach(() =>
    seedPackage(sandbox.registries, "pypi", {
      name: "my-package",
      version: "1.0.0",
      files: { "my_package/__init__.py": "ANSWER = 42\n" },
    }),
  );

  test("installs a wheel that python can import", async () => {
    const { exitCode, output } = await pipInstall(`aws:${issueToken()}@`);
    expect(exitCode, output).toBe(0);
    const program = "import my_package; print('the answer is', my_package.ANSWER)";
    const env = { PYTHONPATH: join(home, "site") };
    expect(await succeeds(home, ["python3", "-c", program], env)).toContain("the answer is 42");
    expect(sandbox.counters().pypi).toMatchObject({ forbidden: 0 });
  });

  test("is challenged without a token and finds nothing", async () => {
    const { exitCode, output } = await pipInstall("");
    expect([exitCode, output]).toEqual([1, expect.stringContaining("No matching distribution found for my-package")]);
    expect(sandbox.counters().pypi).toMatchObject({ requests: 1, unauthorized: 1 });
  });

  test("is refused with a token that has ended", async () => {
    const credentials = `aws:${issueToken()}@`;
    expireTokens();
    expect((await pipInstall(credentials)).exitCode).toBe(1);
    expect(sandbox.counters().pypi.unauthorized).toBeGreaterThan(0);
  });
});

describe.skipIf(!works("npm"))("the real npm against the sandbox", () => {
  const registry = { npm_config_registry: `${origin}/npm/my-repo/` };
  const withToken = (token: string) => ({
    ...registry,
    [`npm_config_//${names.packageHost}/npm/my-repo/:_authToken`]: token,
  });
  const library = {
    "package.json": JSON.stringify({ name: "@acme/my-lib", version: "1.0.0", main: "index.js" }),
    "index.js": "module.exports = 42;\n",
  };
  const application = {
    "package.json": JSON.stringify({ name: "app", version: "1.0.0", dependencies: { "@acme/my-lib": "^1.0.0" } }),
    "index.js": 'console.log("the answer is", require("@acme/my-lib"));\n',
  };

  test("publishes a scoped package, installs it, and installs it again from the lock file", async () => {
    const env = withToken(issueToken());
    await succeeds(project("library", library), ["npm", "publish"], env);
    const app = project("app", application);
    await succeeds(app, ["npm", "install"], env);
    expect(await succeeds(app, ["node", "index.js"])).toContain("the answer is 42");
    await succeeds(app, ["npm", "ci", "--cache", join(home, "another-cache")], env);
    expect(readdirSync(join(app, "node_modules/@acme"))).toEqual(["my-lib"]);
    expect(sandbox.counters().npm).toMatchObject({ unauthorized: 0, forbidden: 0 });
  });

  test("pings, views, and sets tags", async () => {
    await seedPackage(sandbox.registries, "npm", { name: "@acme/my-lib", version: "1.0.0", files: {} });
    const env = withToken(issueToken());
    await succeeds(home, ["npm", "ping"], env);
    await succeeds(home, ["npm", "dist-tag", "add", "@acme/my-lib@1.0.0", "beta"], env);
    expect(await succeeds(home, ["npm", "view", "@acme/my-lib", "dist-tags"], env)).toContain("beta: '1.0.0'");
  });

  test("is refused without a token", async () => {
    const { exitCode, output } = await run(project("app", application), ["npm", "install"], registry);
    expect([exitCode, output]).toEqual([1, expect.stringContaining("E401")]);
    const publish = await run(project("library", library), ["npm", "publish"], registry);
    expect([publish.exitCode, publish.output]).toEqual([1, expect.stringContaining("ENEEDAUTH")]);
  });

  test("is refused with a token that has ended", async () => {
    const env = withToken(issueToken());
    expireTokens();
    const { exitCode, output } = await run(project("app", application), ["npm", "install"], env);
    expect([exitCode, output]).toEqual([1, expect.stringContaining("E401")]);
  });
});

test.skipIf(!requiresAwsCli())(
  "the real AWS CLI finds STS and CodeArtifact of the sandbox by their real names",
  async () => {
    const [role] = sandbox.account.roles;
    if (!role) throw new Error("the account has no role");
    const issued = sandbox.account.issueCredentials(role, "dev@example.com", 3600);
    const env = {
      AWS_ACCESS_KEY_ID: issued.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
      AWS_SESSION_TOKEN: issued.sessionToken,
      AWS_REGION: names.region,
      AWS_DEFAULT_REGION: names.region,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    expect(await succeeds(home, [awsClis()[0]!, "sts", "get-caller-identity"], env)).toContain(
      "assumed-role/vouch-developer",
    );
    const command = "codeartifact get-authorization-token --domain my-domain --query authorizationToken --output text";
    const token = (await succeeds(home, [awsClis()[0]!, ...command.split(" ")], env)).trim();
    expect(sandbox.account.verifyToken(token, names.domain)).toBeDefined();
  },
);
