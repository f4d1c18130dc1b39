/** Which npm packages an executable contains, by what its bundle reached, and what their licenses ask to be said. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");

export interface BundledPackage {
  name: string;
  version: string;
  /** An SPDX license expression. */
  license: string;
  /** The texts of its license and notices as it ships them: file name → text. */
  notices: Record<string, string>;
}

/** The part of Bun's metafile that says which files a bundle was made of. */
export interface Metafile {
  inputs: Record<string, unknown>;
}

/**
 * The packages with at least one file in the bundle, sorted by name. Throws for one without a license text: then it
 * must be found out what may be done with it.
 */
export function bundledPackages(metafile: Metafile): BundledPackage[] {
  const folders = new Set<string>();
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(?:.*\/)?(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders].sort().map(readPackage);
}

function readPackage(folder: string): BundledPackage {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const notices: Record<string, string> = {};
  for (const file of readdirSync(path).sort()) {
    if (/^(licen[sc]e|copying|notice|copyright)/i.test(file)) notices[file] = readFileSync(join(path, file), "utf8");
  }
  // node-hid compiles hidapi into its binding, under the license that it was taken under: the BSD one.
  const hidapi = join(path, "hidapi/LICENSE-bsd.txt");
  if (existsSync(hidapi)) notices["hidapi/LICENSE-bsd.txt"] = readFileSync(hidapi, "utf8");
  if (name === undefined || version === undefined || license === undefined || Object.keys(notices).length === 0) {
    throw new Error(`expected ${folder} to say its name, version and license and to ship the license's text`);
  }
  return { name, version, license, notices };
}

/** The version of hidapi that node-hid's binding contains. */
export function hidapiVersion(): string {
  return readFileSync(join(root, "node_modules/node-hid/hidapi/VERSION"), "utf8").trim();
}
