/** A .gem file as a RubyGems repository reads it, and what it makes of it for its indexes. */
import { deflateSync, gunzipSync } from "node:zlib";
import * as v from "valibot";
import { hexDigest, Refusal } from "../registry.ts";
import { marshal, type MarshalValue } from "./ruby-marshal.ts";

const GemName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/));
const Version = v.object({ version: v.pipe(v.string(), v.regex(/^[0-9]+(\.[0-9A-Za-z]+)*$/)) });
const Requirement = v.object({ requirements: v.array(v.tuple([v.string(), Version])) });
type Requirement = v.InferOutput<typeof Requirement>;

/** The metadata of a gem, as far as the indexes need it. */
const SpecificationSchema = v.object({
  name: GemName,
  version: Version,
  platform: v.pipe(v.string(), v.regex(/^[a-z0-9_.-]+$/)),
  summary: v.string(),
  authors: v.array(v.nullable(v.string())),
  dependencies: v.array(
    v.object({ name: GemName, requirement: Requirement, type: v.picklist([":runtime", ":development"]) }),
  ),
  required_ruby_version: Requirement,
  required_rubygems_version: Requirement,
  rubygems_version: v.string(),
  specification_version: v.literal(4),
});

type Specification = v.InferOutput<typeof SpecificationSchema>;

/** A gem that was pushed. */
export class Gem {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly #specification: Specification;

  private constructor(file: Uint8Array<ArrayBuffer>, specification: Specification) {
    this.file = file;
    this.#specification = specification;
  }

  /**
   * Reads a tar archive with `metadata.gz` (YAML), `data.tar.gz` and `checksums.yaml.gz`. Throws a Refusal (400) for
   * anything else, and for checksums of other bytes.
   */
  static async read(file: Uint8Array<ArrayBuffer>): Promise<Gem> {
    const files = await new Bun.Archive(file).files().catch(() => undefined);
    const bytesOf = async (name: string) => files?.get(name)?.bytes();
    const [metadata, data, checksums] = await Promise.all(
      ["metadata.gz", "data.tar.gz", "checksums.yaml.gz"].map(bytesOf),
    );
    if (metadata === undefined || data === undefined || checksums === undefined) {
      throw new Refusal(400, "cannot process this gem: expected metadata.gz, data.tar.gz and checksums.yaml.gz");
    }
    const expected = { "metadata.gz": hexDigest("sha256", metadata), "data.tar.gz": hexDigest("sha256", data) };
    const given = v.safeParse(v.object({ SHA256: v.record(v.string(), v.string()) }), parseYaml(checksums));
    if (!given.success || !Bun.deepEquals(given.output.SHA256, expected)) {
      throw new Refusal(400, "cannot process this gem: checksums.yaml.gz is not that of its files");
    }
    const parsed = v.safeParse(SpecificationSchema, parseYaml(metadata));
    if (!parsed.success) throw new Refusal(400, `invalid specification: ${v.summarize(parsed.issues)}`);
    return new Gem(file, parsed.output);
  }

  get name(): string {
    return this.#specification.name;
  }

  /** The version, with the platform if the gem is for one. */
  get number(): string {
    const { version, platform } = this.#specification;
    return `${version.version}${platform === "ruby" ? "" : `-${platform}`}`;
  }

  get fullName(): string {
    return `${this.name}-${this.number}`;
  }

  /** The gem's line in the compact index: `NUMBER NAME:REQUIREMENT&REQUIREMENT,…|checksum:SHA256,ruby:REQUIREMENT`. */
  get infoLine(): string {
    const needed = this.#runtime().map(({ name, requirement }) => `${name}:${textOf(requirement, "&")}`);
    const ruby = textOf(this.#specification.required_ruby_version, "&");
    return `${this.number} ${needed.join(",")}|checksum:${hexDigest("sha256", this.file)},ruby:${ruby}`;
  }

  /** The gem in an answer of the Dependency API. */
  get dependencyEntry(): MarshalValue {
    const { name, version, platform } = this.#specification;
    const dependencies = this.#runtime().map((each) => [each.name, textOf(each.requirement, ", ")]);
    return { symbols: { name, number: version.version, platform, dependencies } };
  }

  /** `quick/Marshal.4.8/FULL-NAME.gemspec.rz`: what Gem::Specification dumps, deflated. */
  get quickSpecification(): Uint8Array<ArrayBuffer> {
    const { platform, ...of } = this.#specification;
    const fields: MarshalValue = [
      of.rubygems_version,
      of.specification_version,
      of.name,
      versionObject(of.version.version),
      null,
      of.summary,
      requirementObject(of.required_ruby_version),
      requirementObject(of.required_rubygems_version),
      platform,
      of.dependencies.map(({ name, requirement, type }) => ({
        class: "Gem::Dependency",
        variables: {
          "@name": name,
          "@requirement": requirementObject(requirement),
          "@type": { symbol: type.slice(1) },
          "@prerelease": false,
        },
      })),
      "",
      null,
      of.authors,
      null,
      null,
      true,
      platform,
      [],
      { strings: {} },
    ];
    return new Uint8Array(deflateSync(marshal({ class: "Gem::Specification", bytes: marshal(fields) })));
  }

  #runtime(): Specification["dependencies"] {
    return this.#specification.dependencies.filter(({ type }) => type === ":runtime");
  }
}

function parseYaml(bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return Bun.YAML.parse(gunzipSync(bytes).toString("utf8"));
  } catch (error) {
    throw new Refusal(400, `cannot process this gem: ${(error as Error).message}`);
  }
}

function textOf({ requirements }: Requirement, separator: string): string {
  return requirements.map(([operator, { version }]) => `${operator} ${version}`).join(separator);
}

function versionObject(version: string): MarshalValue {
  return { class: "Gem::Version", dumps: [version] };
}

function requirementObject({ requirements }: Requirement): MarshalValue {
  const pairs = requirements.map(([operator, { version }]) => [operator, versionObject(version)]);
  return { class: "Gem::Requirement", dumps: [pairs] };
}
