/** The hostile packages, made for one laptop and published by the colleague whose account was taken over. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { registryName, serverUrl } from "../laptop.ts";
import type { Laptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";
import { myLib, seedPackage } from "../sandbox/packages.ts";
import { type Attempt, attempts } from "./attempts.ts";
import { publishRole } from "../sandbox/aws/publish-role.ts";

const source = (name: string) => readFileSync(join(import.meta.dir, "worms", name), "utf8");

/** What a worm has to know of the laptop: nothing secret. */
function settingsFor(worm: string, { folder, sandbox }: Laptop, report: string): object {
  return {
    worm,
    report,
    folder,
    ca: sandbox.caPath,
    host: names.packageHost,
    repository: names.repository,
    server: serverUrl,
    role: names.roleArn,
    publishRole: publishRole.arn,
    registryName,
    ...orderOfAttempts(),
  };
}

/** By lanes that go side by side, and last what waits for the next command or spoils the ways of the others. */
function orderOfAttempts(): { lanes: Record<string, string[]>; last: string[] } {
  const isLast = ({ way, name }: Attempt) => way === "later" || name === "later-environments" || name === "pipe-race";
  const first = attempts.filter((attempt) => !isLast(attempt));
  const lanes = Object.groupBy(first, ({ way }) => (["asked", "publish", "keys"].includes(way) ? way : "read"));
  const namesOf = (some: readonly Attempt[] = []) => some.map(({ name }) => name);
  return {
    lanes: Object.fromEntries(Object.entries(lanes).map(([lane, some]) => [lane, namesOf(some)])),
    last: namesOf(attempts.filter(isLast)),
  };
}

/** `worm`, whose install scripts are the worm. */
export async function seedNpmWorm(laptop: Laptop, report: string): Promise<void> {
  const { registries } = laptop.sandbox;
  const script = (stage: string) => `node worm.cjs ${stage}`;
  const scripts = Object.fromEntries(["preinstall", "install", "postinstall", "prepare"].map((on) => [on, script(on)]));
  const manifest = { scripts, hasInstallScript: true };
  await seedPackage(registries, "npm", myLib);
  await seedPackage(registries, "npm", {
    name: "worm",
    version: "1.0.0",
    manifest,
    files: {
      "package.json": JSON.stringify({ name: "worm", version: "1.0.0", scripts }),
      "worm.cjs": source("worm.cjs"),
      "harvest.cjs": source("harvest.cjs"),
      "settings.json": JSON.stringify(settingsFor("npm", laptop, report)),
    },
  });
}

/** A project `worm` as source, whose build backend is the worm. */
export async function seedPipWorm(laptop: Laptop, report: string): Promise<void> {
  const root = "worm-1.0.0";
  const archive = new Bun.Archive(
    {
      [`${root}/PKG-INFO`]: "Metadata-Version: 2.1\nName: worm\nVersion: 1.0.0\n",
      [`${root}/pyproject.toml`]: '[build-system]\nrequires = []\nbuild-backend = "worm"\nbackend-path = ["."]\n',
      [`${root}/worm.py`]: source("worm.py"),
      [`${root}/settings.json`]: JSON.stringify(settingsFor("pip", laptop, report)),
    },
    { compress: "gzip" },
  );
  const bytes = new Uint8Array(await archive.bytes());
  await laptop.sandbox.registries.pypi.upload([
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["metadata_version", "2.1"],
    ["name", "worm"],
    ["version", "1.0.0"],
    ["filetype", "sdist"],
    ["sha256_digest", new Bun.CryptoHasher("sha256").update(bytes).digest("hex")],
    ["content", new File([bytes], "worm-1.0.0.tar.gz")],
  ]);
}

/** A crate `worm`, whose build script is the worm. */
export async function seedCargoWorm(laptop: Laptop, report: string): Promise<void> {
  const settings = Object.entries(settingsFor("cargo", laptop, report)).filter(
    ([, value]) => typeof value === "string",
  );
  await seedPackage(laptop.sandbox.registries, "cargo", {
    name: "worm",
    version: "0.1.0",
    files: {
      "build.rs": source("worm.rs"),
      "src/lib.rs": 'pub fn greeting() -> &\'static str {\n    "hello from worm"\n}\n',
      "settings.txt": settings.map((pair) => `${pair.join("=")}\n`).join(""),
    },
  });
}
