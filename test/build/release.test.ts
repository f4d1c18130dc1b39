import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Validation, Spec } from "@cyclonedx/cyclonedx-library";
import { bundledPackages } from "../../build/bundled-packages.ts";
import { runtimeLibraries } from "../../build/runtime-libraries.ts";
import { bunVersion } from "../../build/runtime.ts";
import { targets } from "../../build/targets.ts";
import { thirdPartyLicenses } from "../../build/third-party-licenses.ts";
import { requires } from "../requires.ts";
import { host, metafile, releaseHost, source, version } from "./release.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const root = join(import.meta.dir, "../..");
const work = tempFolderUntil(afterAll);
const folder = join(work, "release");
const base = `vouch-${version}-${host.name}`;
const read = (name: string) => readFileSync(join(folder, name), "utf8");

beforeAll(() => releaseHost(folder));

test("the same release built twice is the same bytes", async () => {
  const [first, second] = [join(work, "first"), join(work, "second")];
  for (const each of [first, second]) await releaseHost(each, join(root, "LICENSE"));
  for (const name of readdirSync(folder)) {
    expect(Buffer.compare(readFileSync(join(first, name)), readFileSync(join(second, name)))).toBe(0);
  }
});

/** Builds the executable of a copy of the project and returns its SHA-256. */
function builtIn(elsewhere: string): string {
  for (const name of ["src", "build", "build.ts", "package.json", "package-lock.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(elsewhere, name), { recursive: true });
  }
  // The files themselves: through a link the bundler would find its way back to this folder.
  if (!Bun.spawnSync(["cp", "-al", join(root, "node_modules"), elsewhere]).success) {
    Bun.spawnSync(["cp", "-a", join(root, "node_modules"), elsewhere]);
  }
  const build = [process.execPath, "build.ts", "--runtime", process.execPath];
  const { exitCode, stderr } = Bun.spawnSync(build, { cwd: elsewhere });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  return new Bun.CryptoHasher("sha256").update(readFileSync(join(elsewhere, "dist/vouch"))).digest("hex");
}

test("the executables built in two folders are the same bytes", () => {
  expect(builtIn(join(work, "one"))).toBe(builtIn(join(work, "another/folder")));
});

test("two builds at once, of an executable that others keep starting, both end well", async () => {
  const place = join(work, "busy");
  builtIn(place);
  const executable = join(place, "dist/vouch");
  const builds = [0, 1].map(() =>
    Bun.spawn([process.execPath, "build.ts"], { cwd: place, stdio: ["ignore", "ignore", "pipe"] }),
  );
  const exitCodes = new Set<number>();
  const starting = async (): Promise<void> => {
    while (builds.some(({ exitCode }) => exitCode === null)) {
      exitCodes.add(await Bun.spawn([executable, "--version"], { stdio: ["ignore", "ignore", "ignore"] }).exited);
    }
  };
  await Promise.all([starting(), starting(), starting()]);
  const said = await Promise.all(builds.map(({ stderr }) => new Response(stderr).text()));
  expect({ said, exitCodes: [...exitCodes] }).toEqual({ said: ["", ""], exitCodes: [0] });
});

test.skipIf(!requires("sha256sum"))("SHA256SUMS has every other file, and is right", () => {
  const names = read("SHA256SUMS")
    .trim()
    .split("\n")
    .map((line) => line.split("  ")[1]!);
  expect(names.sort()).toEqual(
    readdirSync(folder)
      .filter((name) => name !== "SHA256SUMS")
      .sort(),
  );
  expect(Bun.spawnSync(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: folder }).exitCode).toBe(0);
});

describe("the archive of a release", () => {
  const unpacked = join(work, base);
  beforeAll(() => {
    expect(Bun.spawnSync(["tar", "-xzf", join(folder, `${base}.tar.gz`), "-C", work]).exitCode).toBe(0);
  });

  test("has an executable that runs", () => {
    const { stdout, exitCode } = Bun.spawnSync([join(unpacked, "vouch"), "--version"]);
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 0, stdout: `vouch ${version}\n` });
  });

  test("says what the person may do with it, and how agent and server become services", () => {
    const services =
      host.platform === "darwin"
        ? ["launchd/vouch-agent.plist"]
        : ["systemd/vouch-agent.service", "systemd/vouch-server.service"];
    for (const name of ["README.md", "CHANGELOG.md", "LICENSE", "THIRD-PARTY-LICENSES.txt", ...services]) {
      expect(readFileSync(join(unpacked, name), "utf8")).not.toBe("");
    }
  });
});

describe("the licenses of a release", () => {
  const packages = bundledPackages(metafile);
  const text = thirdPartyLicenses("linux", packages);

  test("are those of every package that a chunk reaches, and of no other", () => {
    const reached = Object.keys(metafile.inputs).flatMap(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
    );
    expect(packages.map(({ name }) => name)).toEqual([...new Set(reached)].sort());
    expect(packages.map(({ name }) => name)).toContain("node-hid");
    expect(packages.map(({ name }) => name)).not.toContain("fflate");
  });

  test.each(packages.map((bundled) => [bundled.name, bundled] as const))("have the texts of %s", (_, { notices }) => {
    for (const notice of Object.values(notices)) expect(text).toContain(notice.replaceAll("\r\n", "\n").trim());
  });

  test("have those of hidapi, Bun and what is linked into Bun", () => {
    expect(text).toContain("--- hidapi/LICENSE-bsd.txt");
    expect(text).toContain(`Bun ${bunVersion}`);
    for (const { name, platform } of runtimeLibraries) {
      if (platform === undefined) expect(text).toContain(name);
      else expect(text).not.toContain(`\n${name}\n`);
    }
    expect(text).toContain("GNU LIBRARY GENERAL PUBLIC LICENSE");
    expect(text).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  });

  test("have libuv's on Windows only", () => {
    expect(thirdPartyLicenses("win32", packages)).toContain("\nlibuv\n");
  });

  test("are not made for a package without a license text", () => {
    expect(() => bundledPackages({ inputs: { "node_modules/@oven/bun-linux-x64/bin/bun": {} } })).toThrow("license");
  });
});

describe("the bill of materials of a release", () => {
  interface Bom {
    specVersion: string;
    metadata: { component: { name: string; version: string; externalReferences: { url: string }[] } };
    components: { purl?: string; name: string; licenses?: unknown[]; "bom-ref": string }[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  }
  const bom = () => JSON.parse(read(`vouch-${version}.cdx.json`)) as Bom;

  test("satisfies the schema of CycloneDX 1.6", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(read(`vouch-${version}.cdx.json`))).toBeNull();
    expect(await validator.validate(JSON.stringify({ ...bom(), components: [{ name: "no type" }] }))).not.toBeNull();
  });

  test("names the archive, every package, the runtime and its libraries, each with a license", () => {
    const { metadata, components, specVersion } = bom();
    expect(specVersion).toBe("1.6");
    expect(metadata.component).toMatchObject({ name: "vouch", version });
    expect(metadata.component.externalReferences.map(({ url }) => url)).toEqual([`${base}.tar.gz`]);
    const purls = components.flatMap(({ purl }) => purl ?? []);
    for (const { name, version: packaged } of bundledPackages(metafile)) {
      expect(purls).toContain(`pkg:npm/${name.replace("@", "%40")}@${packaged}`);
    }
    expect(purls).toContain(`pkg:npm/${host.runtime.replace("@", "%40")}@${bunVersion}`);
    const names = components.map(({ name }) => name);
    for (const { name } of runtimeLibraries) expect(names).toContain(name);
    expect(names).toContain("hidapi");
    expect(components.filter(({ licenses }) => (licenses ?? []).length === 0)).toEqual([]);
  });

  test("refers only to what is in it", () => {
    const { components, dependencies, metadata } = bom();
    const known = new Set([...components.map((component) => component["bom-ref"]), `pkg:generic/vouch@${version}`]);
    expect(metadata.component.name).toBe("vouch");
    for (const { ref, dependsOn = [] } of dependencies) {
      for (const each of [ref, ...dependsOn]) expect(known).toContain(each);
    }
  });
});

test("the provenance of a release names the commit, the runtime, and the digest of every file", () => {
  const statement = JSON.parse(read(`vouch-${version}.intoto.json`));
  expect(statement).toMatchObject({
    _type: "https://in-toto.io/Statement/v1",
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        externalParameters: { targets: [host.name] },
        resolvedDependencies: [
          { digest: { gitCommit: source.commit } },
          { uri: `pkg:npm/${host.runtime.replace("@", "%40")}@${bunVersion}` },
        ],
      },
    },
  });
  const sums = read("SHA256SUMS").trim().split("\n");
  const subjects = (statement.subject as { name: string; digest: { sha256: string } }[]).map(
    ({ name, digest }) => `${digest.sha256}  ${name}`,
  );
  expect(subjects).toEqual(sums.filter((line) => !line.endsWith(".intoto.json")));
  expect(subjects.length).toBeGreaterThan(2);
});

test("the install script of a fork fetches from the fork", () => {
  expect(read("install.sh")).toContain(`\nrepository=${source.repository}\n`);
});

test("every target has its own name, its runtime and a binding of node-hid", () => {
  expect(new Set(targets.map(({ name }) => name)).size).toBe(9);
  for (const { binding, platform, arch } of targets) {
    expect(binding).toContain(`${platform}-${arch}`);
    expect(readdirSync(join(root, "node_modules/node-hid/prebuilds", binding))).toEqual(["node-napi-v4.node"]);
  }
});
