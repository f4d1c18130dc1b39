/** Generic packages by the real AWS CLI, with the credentials that `vouch credential aws` gives it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended, executable, type Laptop, startLaptop } from "../../laptop.ts";
import { awsClis, requiresAwsCli } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";

/** The first AWS CLI that knows generic packages (2023); an older one is passed over by name. */
function genericCli(): string | undefined {
  if (!requiresAwsCli()) return undefined;
  const found = awsClis().find((cli) => {
    const { stderr, stdout } = Bun.spawnSync([cli, "codeartifact", "publish-package-version"], { stdin: "ignore" });
    return `${stdout.toString()}${stderr.toString()}`.includes("--asset-name");
  });
  if (found === undefined) console.warn("SKIPPED: needs an AWS CLI with codeartifact publish-package-version");
  return found;
}

const cli = genericCli();

describe.skipIf(cli === undefined)("a generic package", () => {
  let laptop: Laptop;
  let env: Record<string, string>;
  const content = "an asset\n";
  const where = ["--domain", names.domain, "--repository", names.repository, "--format", "generic"];
  const what = (version: string) => ["--namespace", "my-ns", "--package", "my-package", "--package-version", version];
  const aws = (...args: string[]) =>
    laptop.run([cli!, "codeartifact", ...args, "--profile", "vouch"], { env, cwd: laptop.home });
  const publish = (version: string, name: string, ...more: string[]) => {
    const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    const asset = ["--asset-content", "asset.tar.gz", "--asset-name", name, "--asset-sha256", sha256];
    return aws("publish-package-version", ...where, ...what(version), ...asset, ...more);
  };

  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    mkdirSync(join(laptop.home, ".aws"));
    const profile = `[profile vouch]\nregion = ${names.region}\ncredential_process = ${executable} credential aws\n`;
    writeFileSync(join(laptop.home, ".aws/config"), profile);
    writeFileSync(join(laptop.home, "asset.tar.gz"), content);
    env = { AWS_EC2_METADATA_DISABLED: "true", AWS_MAX_ATTEMPTS: "1", AWS_DEFAULT_OUTPUT: "json", AWS_PAGER: "" };
    const [role] = laptop.sandbox.account.roles;
    role!.permissions.push({ Effect: "Allow", Action: "codeartifact:GetPackageVersionAsset", Resource: "*" });
  });
  afterAll(async () => laptop?.stop());

  test("is published in two steps, and its asset comes back", async () => {
    const first = JSON.parse(await ended(publish("1.0.0", "one.tar.gz", "--unfinished"))) as object;
    expect(first).toMatchObject({ status: "Unfinished", package: "my-package", asset: { name: "one.tar.gz" } });
    expect(JSON.parse(await ended(publish("1.0.0", "two.tar.gz")))).toMatchObject({ status: "Published" });
    await ended(aws("get-package-version-asset", ...where, ...what("1.0.0"), "--asset", "two.tar.gz", "got.tar.gz"));
    expect(readFileSync(join(laptop.home, "got.tar.gz"), "utf8")).toBe(content);
  });

  test("takes no asset when it is published, and has none that was not", async () => {
    await ended(publish("2.0.0", "one.tar.gz"));
    const again = await publish("2.0.0", "two.tar.gz");
    expect(again.stderr).toContain("ConflictException");
    const missing = await aws("get-package-version-asset", ...where, ...what("2.0.0"), "--asset", "two.tar.gz", "x");
    expect(missing.stderr).toContain("ResourceNotFoundException");
  });

  test("is not published without a session", async () => {
    const { exitCode, stderr } = await laptop.run([cli!, "codeartifact", "list-domains", "--profile", "vouch"], {
      env: { ...env, VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") },
      cwd: laptop.home,
    });
    expect([exitCode === 0, stderr]).toEqual([false, expect.stringContaining("vouch login")]);
  });

  test("needs no set-up: `--tool generic` says what to do, and writes nothing", async () => {
    const before = readFileSync(join(laptop.home, ".config/vouch/config.json"), "utf8");
    for (const tool of ["generic", "swift"]) {
      const repository = ["--domain", names.domain, "--repository", names.repository, "--tool", tool];
      const { exitCode, stderr } = await laptop.vouch("setup", "codeartifact", ...repository);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`docs/tools/${tool}.md`)]);
    }
    expect(readFileSync(join(laptop.home, ".config/vouch/config.json"), "utf8")).toBe(before);
  });

  test("leaves no secret in any file", () => {
    expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
  });
});
