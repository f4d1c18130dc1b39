/** The hostile packages, made for one laptop and published by the colleague whose account was taken over. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { registryName, serverUrl } from "../laptop.ts";
import type { Laptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";
import { seedPackage } from "../sandbox/packages.ts";
import { type Attempt, attempts } from "./attempts.ts";
import { publishRole } from "../sandbox/aws/publish-role.ts";

const folder = join(import.meta.dir, "worms");

/** The worm itself, in Python; what starts it is the package manager's. */
function wormFiles(worm: string, laptop: Laptop, report: string): Record<string, string> {
  const files = readdirSync(folder).filter((name) => /\.(py|cjs)$/.test(name));
  return {
    ...Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")])),
    "settings.json": JSON.stringify(settingsFor(worm, laptop, report)),
  };
}

/** What a worm has to know of the laptop: nothing secret. */
function settingsFor(worm: string, laptop: Laptop, report: string): object {
  return {
    worm,
    report,
    folder: laptop.folder,
    ca: laptop.sandbox.caPath,
    host: names.packageHost,
    account: names.account,
    region: names.region,
    domain: names.domain,
    repository: names.repository,
    server: serverUrl,
    role: names.roleArn,
    publishRole: publishRole.arn,
    registryName,
    ...orderOfAttempts(),
  };
}

/**
 * First what looks, so that it finds nothing that the worm has asked for itself; then what asks; then what would push
 * that out of the record; last what waits for the next command. Those of later visits take the place of what the command
 * after an earlier one shows, or end the session.
 */
function orderOfAttempts(): { first: string[]; flood: string[]; last: string[]; again: string[][] } {
  const flood = ["ask-to-flood"];
  const again = [["fake-path", "own-shims"], ["replace-socket"], ["server-of-its-own", "end-record"]];
  const elsewhere = new Set([...flood, ...again.flat()]);
  const isLast = ({ way, name }: Attempt) => way === "later" || name === "later-environments" || name === "pipe-race";
  const namesOf = (some: readonly Attempt[]) => some.map(({ name }) => name).filter((name) => !elsewhere.has(name));
  return {
    first: namesOf(attempts.filter((each) => !isLast(each))),
    flood,
    last: namesOf(attempts.filter(isLast)),
    again,
  };
}

/** `worm`, whose install scripts are the worm. */
export async function seedNpmWorm(laptop: Laptop, report: string): Promise<void> {
  const inNode = (stage: string) => `node worm.cjs ${stage}`;
  // The last one is npm's direct child, as a helper of npm would be.
  const scripts = {
    preinstall: inNode("preinstall"),
    install: inNode("install"),
    postinstall: `${inNode("postinstall")} && exec python3 worm.py`,
  };
  const manifest = { scripts, hasInstallScript: true };
  await seedPackage(laptop.sandbox.registries, "npm", {
    name: "worm",
    version: "1.0.0",
    manifest,
    files: {
      "package.json": JSON.stringify({ name: "worm", version: "1.0.0", scripts }),
      ...wormFiles("npm", laptop, report),
    },
  });
}

/** A project `worm` as source, whose build backend is the worm. */
export async function seedPipWorm(laptop: Laptop, report: string): Promise<void> {
  const root = "worm-1.0.0";
  const archive = new Bun.Archive(
    {
      [`${root}/PKG-INFO`]: "Metadata-Version: 2.1\nName: worm\nVersion: 1.0.0\n",
      [`${root}/pyproject.toml`]: '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      ...Object.fromEntries(
        Object.entries(wormFiles("pip", laptop, report)).map(([name, text]) => [`${root}/${name}`, text]),
      ),
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
  await seedPackage(laptop.sandbox.registries, "cargo", {
    name: "worm",
    version: "0.1.0",
    files: {
      "build.rs": readFileSync(join(folder, "worm.rs"), "utf8"),
      "src/lib.rs": 'pub fn greeting() -> &\'static str {\n    "hello from worm"\n}\n',
      ...wormFiles("cargo", laptop, report),
      "report.txt": report,
    },
  });
}
