/** A .nupkg file as a NuGet repository reads it: a ZIP archive with one .nuspec at its root (Open Packaging Conventions). */
import { Refusal } from "../registry.ts";
import { readZip } from "../zip.ts";

export class NugetPackage {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly nuspec: string;
  /** As the author spells it. */
  readonly id: string;
  /** Normalized: without leading zeros, a fourth zero and build metadata. */
  readonly version: string;
  readonly dependencies: { id: string; range: string }[];

  /** Throws a Refusal (400) for anything but a package. */
  constructor(file: Uint8Array<ArrayBuffer>) {
    this.file = file;
    const entries = readZip(Buffer.from(file));
    const names = [...entries.keys()].filter((name) => /^[^/\\]+\.nuspec$/i.test(name));
    if (names.length !== 1)
      throw new Refusal(400, `expected one .nuspec at the root of the package, got ${names.length}`);
    this.nuspec = entries.get(names[0]!)!()
      .toString("utf8")
      .replace(/^\ufeff/, "");
    const metadata = /<metadata[^>]*>([^]*)<\/metadata>/.exec(this.nuspec)?.[1] ?? "";
    const [id, version] = ["id", "version"].map(
      (name) => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(metadata)?.[1],
    );
    if (id === undefined || !/^\w+([.-]\w+)*$/.test(id) || id.length > 100)
      throw new Refusal(400, "the .nuspec has no valid id");
    this.id = id;
    this.version = normalizeVersion(version ?? "");
    this.dependencies = [...metadata.matchAll(/<dependency\s+id="([^"]+)"(?:\s+version="([^"]*)")?/g)].map(
      ([, name, range]) => ({ id: name!, range: range ?? "" }),
    );
  }
}

/** https://learn.microsoft.com/nuget/concepts/package-versioning#normalized-version-numbers. Throws a Refusal (400). */
export function normalizeVersion(text: string): string {
  const [, numbers, release = ""] = /^(\d+(?:\.\d+){1,3})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.exec(text) ?? [];
  if (numbers === undefined) throw new Refusal(400, `the version ${text.slice(0, 64)} is not valid`);
  const [major = 0, minor = 0, patch = 0, revision = 0] = numbers.split(".").map(Number);
  return `${major}.${minor}.${patch}${revision === 0 ? "" : `.${revision}`}${release}`;
}
