/**
 * The Bun that a target's executable is made of. It comes as an npm package from the registry that npm is set up for,
 * and is held against a checksum that is part of this project, not against what the registry says of it.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseTar } from "nanotar";
import packageLock from "../package-lock.json" with { type: "json" };
import { hostTarget, type Target } from "./targets.ts";

/** The baseline packages are no dependencies of `bun`, so that package-lock.json does not have them. */
const baselineVersion = "1.4.5";
const baselineIntegrity: Record<string, string> = {
  "@oven/bun-linux-x64-baseline":
    "sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==",
  "@oven/bun-linux-x64-musl-baseline":
    "sha512-cWJhU8h0+MiUgpSt99sQhjxLIIosKEcKYdtKddohokUvAuN6jKOy7g7+QDTZTXtwHxz93wL3BX+L6wXVPDUH3A==",
};

interface LockedPackage {
  version: string;
  integrity?: string;
}

const locked = packageLock.packages as Record<string, LockedPackage>;

/** The version of Bun that the project is built with. */
export const bunVersion = locked["node_modules/bun"]!.version;

/** What the package of the target's runtime must be: `sha512-` and the digest in base64. Throws when nothing says so. */
export function runtimeIntegrity({ runtime }: Target): string {
  const entry = locked[`node_modules/${runtime}`];
  if (entry?.version === bunVersion && entry.integrity !== undefined) return entry.integrity;
  const integrity = baselineVersion === bunVersion ? baselineIntegrity[runtime] : undefined;
  if (integrity === undefined) {
    throw new Error(
      `build/runtime.ts has no checksum of ${runtime} ${bunVersion}: ` +
        `add what \`npm view ${runtime}@${bunVersion} dist.integrity\` prints`,
    );
  }
  return integrity;
}

/**
 * The path of the target's runtime: the Bun that runs this where that is the one, else one under `cache`, fetched when
 * it is not there. Throws when it is not what it must be, or when another version of Bun runs this.
 */
export function targetRuntime(target: Target, cache: string): string {
  if (Bun.version !== bunVersion) throw new Error(`expected to be run by Bun ${bunVersion}, got ${Bun.version}`);
  // npm has checked it.
  if (target.name === hostTarget().name) return process.execPath;
  const folder = join(cache, target.runtime.replace("/", "-"), bunVersion);
  const path = join(folder, "bun");
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all: a build that was broken off must not leave a part of it for the next one.
    writeFileSync(`${path}.part`, unpacked(fetched(target, folder)));
    renameSync(`${path}.part`, path);
    chmodSync(path, 0o755);
  }
  return path;
}

/** The package as the registry has it, checked. */
function fetched(target: Target, folder: string): Uint8Array {
  const npm = Bun.spawnSync(
    ["npm", "pack", "--silent", "--pack-destination", folder, `${target.runtime}@${bunVersion}`],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const file = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (npm.exitCode !== 0 || file === undefined) throw new Error(`npm cannot fetch ${target.runtime} ${bunVersion}`);
  const bytes = readFileSync(join(folder, file));
  rmSync(join(folder, file));
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (integrity !== runtimeIntegrity(target)) {
    throw new Error(`${target.runtime} ${bunVersion}: expected ${runtimeIntegrity(target)}, got ${integrity}`);
  }
  return bytes;
}

function unpacked(archive: Uint8Array): Uint8Array {
  const files = parseTar(Bun.gunzipSync(new Uint8Array(archive)));
  const data = files.find(({ name }) => /^package\/bin\/bun(\.exe)?$/.test(name))?.data;
  if (data === undefined) throw new Error("expected bin/bun in the runtime's package");
  return data;
}
