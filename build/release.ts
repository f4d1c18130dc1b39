/**
 * What is published of a release, all of it in one folder: an archive for each target, the install script, the bill of
 * materials, the formula, the provenance and the checksums of all of them.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ArchivedFiles, tarGz, zip } from "./archive.ts";
import { bundledPackages, type Metafile } from "./bundled-packages.ts";
import { formula } from "./formula.ts";
import { provenance } from "./provenance.ts";
import { sbom } from "./sbom.ts";
import type { Source } from "./source.ts";
import { executableName, type Target, targets as allTargets } from "./targets.ts";
import { thirdPartyLicenses } from "./third-party-licenses.ts";

const root = join(import.meta.dir, "..");

/** What a compiled target is: the executable's file, and what its bundle reached. */
export interface Compiled {
  target: Target;
  executable: string;
  metafile: Metafile;
}

/** Where generated documentation is taken from, when it is there. */
const generated = { "dist/man": "man", "dist/completions": "completions" } as const;

/** The files of the target's archive, by their path within it. */
function archiveContents({ target, executable, metafile }: Compiled): ArchivedFiles {
  const files: ArchivedFiles = { [executableName(target)]: { data: readFileSync(executable), executable: true } };
  const add = (name: string, path: string) => {
    files[name] = { data: readFileSync(join(root, path)) };
  };
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) add(name, name);
  const licenses = thirdPartyLicenses(target.platform, bundledPackages(metafile));
  files["THIRD-PARTY-LICENSES.txt"] = { data: new TextEncoder().encode(licenses) };
  for (const [folder, name] of Object.entries(generated)) {
    if (!existsSync(join(root, folder))) continue;
    for (const file of readdirSync(join(root, folder))) add(`${name}/${file}`, join(folder, file));
  }
  if (target.platform === "linux") {
    for (const unit of ["vouch-agent.service", "vouch-server.service"]) {
      add(`systemd/${unit}`, `packaging/systemd/${unit}`);
    }
  }
  if (target.platform === "darwin") add("launchd/vouch-agent.plist", "packaging/launchd/vouch-agent.plist");
  return files;
}

/** Writes the release into the folder, which is emptied before, and returns the names of its files. */
export async function writeRelease(folder: string, source: Source, compiled: Compiled[]): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sums: Record<string, string> = {};
  const publish = (name: string, data: Uint8Array | string) => {
    writeFileSync(join(folder, name), data);
    sums[name] = createHash("sha256").update(data).digest("hex");
  };

  const contents = new Set<string>();
  for (const one of compiled) {
    const base = `vouch-${source.version}-${one.target.name}`;
    const files = archiveContents(one);
    for (const path of Object.keys(files)) contents.add(path);
    const inFolder = Object.fromEntries(Object.entries(files).map(([path, file]) => [`${base}/${path}`, file]));
    if (one.target.platform === "win32") publish(`${base}.zip`, zip(inFolder, source.time));
    else publish(`${base}.tar.gz`, tarGz(inFolder, source.time));
  }
  const archives = { ...sums };
  const targets = compiled.map(({ target }) => target);

  publish("install.sh", installScript(source));
  const packages = bundledPackages({ inputs: Object.assign({}, ...compiled.map(({ metafile }) => metafile.inputs)) });
  publish(`vouch-${source.version}.cdx.json`, await sbom({ version: source.version, packages, targets, archives }));
  if (targets.length === allTargets.length)
    publish("vouch.rb", formula({ ...source, archives, contents: [...contents] }));
  publish(`vouch-${source.version}.intoto.json`, provenance({ ...source, targets, files: { ...sums } }));
  const lines = Object.entries(sums).map(([name, sha256]) => `${sha256}  ${name}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
  return [...Object.keys(sums), "SHA256SUMS"];
}

/** The install script, which fetches from where this release is published. */
function installScript({ repository }: Source): string {
  const script = readFileSync(join(root, "packaging/install.sh"), "utf8");
  const own = /^repository=(.+)$/m.exec(script)?.[1];
  if (own === undefined) throw new Error("expected packaging/install.sh to say its repository");
  return script.replaceAll(own, repository);
}
