/** Small packages of each format, for a test that wants one to be there without publishing it by a tool. */
import { crc32, gzipSync } from "node:zlib";
import { hexDigest } from "./registries/registry.ts";
import type { Registries } from "./registries/repositories.ts";

/** A package without dependencies, as source. */
export interface PackageSource {
  name: string;
  version: string;
  /**
   * Texts by path: in the crate's folder (`src/lib.rs`), in the npm package's (`index.js`), in site-packages
   * (`my_package/__init__.py`), in the gem (`lib/my_gem.rb`). The manifest is made.
   */
  files: Record<string, string>;
  /** What a wheel requires (`Requires-Dist`). */
  requires?: string[];
  /** What an npm package's manifest says besides. */
  manifest?: Record<string, unknown>;
}

/** The packages that most tests install. */
export const myPackage: PackageSource = {
  name: "my-package",
  version: "1.0.0",
  files: { "my_package/__init__.py": 'greeting = "hello from my-package"\n' },
};
export const myLib: PackageSource = {
  name: "my-lib",
  version: "1.0.0",
  files: { "index.js": 'module.exports = "hello from my-lib";\n' },
};

/** Builds the package and publishes it in the form in which the format's own tool would. Throws a Refusal. */
export async function seedPackage(
  registries: Registries,
  format: "cargo" | "npm" | "nuget" | "pypi" | "ruby",
  source: PackageSource,
): Promise<void> {
  switch (format) {
    case "cargo":
      return registries.cargo.publish(await publishBody(source));
    case "npm":
      return registries.npm.publish(source.name, await publishDocument(source));
    case "nuget":
      return registries.nuget.push(buildNugetPackage(source));
    case "pypi":
      return registries.pypi.upload(uploadFields(source));
    case "ruby":
      return registries.ruby.push(await buildGem(source));
  }
}

/** A wheel of a pure Python project (binary distribution format 1.0). */
export function buildWheel({ name, version, files, requires = [] }: PackageSource): {
  filename: string;
  bytes: Uint8Array<ArrayBuffer>;
} {
  const distribution = name.toLowerCase().replace(/[-_.]+/g, "_");
  const info = `${distribution}-${version}.dist-info`;
  const contents: Record<string, string> = {
    ...files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires.map((each) => `Requires-Dist: ${each}\n`).join("")}`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: vouch-sandbox\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = Object.entries(contents).map(([path, text]) => {
    const digest = new Bun.CryptoHasher("sha256").update(text).digest("base64url");
    return `${path},sha256=${digest},${Buffer.byteLength(text)}\n`;
  });
  contents[`${info}/RECORD`] = `${record.join("")}${info}/RECORD,,\n`;
  return { filename: `${distribution}-${version}-py3-none-any.whl`, bytes: zip(contents) };
}

/** The fields of the form that `twine upload` posts for a wheel (PyPI's "legacy" upload API). */
export function uploadFields(project: PackageSource): Map<string, string | File> {
  const { filename, bytes } = buildWheel(project);
  return new Map<string, string | File>([
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["metadata_version", "2.1"],
    ["name", project.name],
    ["version", project.version],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    ["sha256_digest", new Bun.CryptoHasher("sha256").update(bytes).digest("hex")],
    ["content", new File([bytes], filename, { type: "application/octet-stream" })],
  ]);
}

/** The body of the request by which `cargo publish` publishes a crate (Registry Web API, "Publish"). */
async function publishBody({ name, version, files }: PackageSource): Promise<ArrayBuffer> {
  const root = `${name}-${version}`;
  const manifest = `[package]\nname = "${name}"\nversion = "${version}"\nedition = "2021"\n`;
  const paths = Object.entries(files).map(([path, text]) => [`${root}/${path}`, text]);
  const crate = await tarGz({ [`${root}/Cargo.toml`]: manifest, ...Object.fromEntries(paths) });
  const metadata = Buffer.from(JSON.stringify({ name, vers: version, deps: [], features: {} }));
  return concatenate(uint32(metadata.length), metadata, uint32(crate.length), crate).buffer;
}

/** The document that `npm publish` puts. */
async function publishDocument({ name, version, files, manifest: more }: PackageSource): Promise<object> {
  const manifest = { ...more, name, version };
  const paths = Object.entries(files).map(([path, text]) => [`package/${path}`, text]);
  const tarball = await tarGz({ "package/package.json": JSON.stringify(manifest), ...Object.fromEntries(paths) });
  return {
    _id: name,
    name,
    "dist-tags": { latest: version },
    versions: { [version]: manifest },
    _attachments: {
      [`${name}-${version}.tgz`]: {
        content_type: "application/octet-stream",
        data: Buffer.from(tarball).toString("base64"),
        length: tarball.length,
      },
    },
  };
}

/** A .gem file (https://guides.rubygems.org/specification-reference/): a tar archive of metadata, files and checksums. */
export async function buildGem({ name, version, files }: PackageSource): Promise<Uint8Array<ArrayBuffer>> {
  const requirement = `!ruby/object:Gem::Requirement\n  requirements:\n  - - ">="\n    - !ruby/object:Gem::Version\n      version: '0'`;
  const metadata = gzipSync(`--- !ruby/object:Gem::Specification
name: ${name}
version: !ruby/object:Gem::Version
  version: ${version}
platform: ruby
authors:
- Dev
bindir: bin
dependencies: []
files: ${JSON.stringify(Object.keys(files))}
require_paths:
- lib
required_ruby_version: ${requirement}
required_rubygems_version: ${requirement}
rubygems_version: 3.3.15
specification_version: 4
summary: ${name}
`);
  const data = await tarGz(files);
  const sums = { SHA256: { "metadata.gz": hexDigest("sha256", metadata), "data.tar.gz": hexDigest("sha256", data) } };
  const checksums = gzipSync(`--- ${JSON.stringify(sums)}\n`);
  const parts = { "metadata.gz": metadata, "data.tar.gz": data, "checksums.yaml.gz": checksums };
  return new Uint8Array(await new Bun.Archive(parts).bytes());
}

/** A .nupkg file: a ZIP archive with the metadata, and files such as `lib/net8.0/My.Package.dll`. */
export function buildNugetPackage({ name, version, files }: PackageSource): Uint8Array<ArrayBuffer> {
  const nuspec = `<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>${name}</id>
    <version>${version}</version>
    <authors>Dev</authors>
    <description>A private package</description>
  </metadata>
</package>
`;
  return zip({ [`${name}.nuspec`]: nuspec, ...files });
}

async function tarGz(files: Record<string, string>): Promise<Uint8Array> {
  return new Bun.Archive(files, { compress: "gzip" }).bytes();
}

/** A ZIP archive with every file stored as it is (APPNOTE.TXT 4.3: local headers, central directory, its end). */
export function zip(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(text);
    // Version 2.0, no flags, method 0 (stored), 1 January 1980, sizes and CRC: the same in both headers.
    const common = concatenate(
      uint16(20, 0, 0, 0, 0x21),
      uint32(crc32(data), data.length, data.length),
      uint16(name.length, 0),
    );
    // Mode 0644 of a regular file, in the upper half of the external attributes.
    const centralOnly = concatenate(uint16(0, 0, 0), uint32((0o100644 << 16) >>> 0, offset));
    const header = concatenate(uint32(0x04034b50), common, name, data);
    local.push(header);
    central.push(uint32(0x02014b50), uint16(0x0314), common, centralOnly, name);
    offset += header.length;
  }
  const directory = concatenate(...central);
  const count = local.length;
  const end = concatenate(uint32(0x06054b50), uint16(0, 0, count, count), uint32(directory.length, offset), uint16(0));
  return concatenate(...local, directory, end);
}

function uint16(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint16Array(values).buffer);
}

function uint32(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

function concatenate(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
