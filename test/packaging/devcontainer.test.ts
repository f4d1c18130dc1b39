/** The feature for dev containers: its description, and its script against a release on loopback. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import { version } from "../build/release.ts";
import { requires } from "../requires.ts";
import { script, startInstaller } from "./install-script.ts";

const feature = join(import.meta.dir, "../../packaging/devcontainer/vouch");
const text = readFileSync(join(feature, "install.sh"), "utf8");

/** What the specification allows of a feature (containers.dev), as far as this one uses it. */
const Feature = v.strictObject({
  id: v.literal(basename(feature)),
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/)),
  name: v.string(),
  description: v.string(),
  documentationURL: v.pipe(v.string(), v.url()),
  licenseURL: v.pipe(v.string(), v.url()),
  options: v.record(
    v.string(),
    v.strictObject({
      type: v.literal("string"),
      default: v.string(),
      proposals: v.array(v.string()),
      description: v.string(),
    }),
  ),
  containerEnv: v.record(v.string(), v.string()),
  installsAfter: v.array(v.string()),
});

test("the feature is one by the specification, and its script knows its options", () => {
  const described = v.parse(Feature, JSON.parse(readFileSync(join(feature, "devcontainer-feature.json"), "utf8")));
  for (const option of Object.keys(described.options)) expect(text).toContain(`{${option.toUpperCase()}:-`);
  // Only `mounts` of devcontainer.json know the machine's variables: the mount is there, its place is here.
  const page = readFileSync(join(import.meta.dir, "../../docs/other-machines.md"), "utf8");
  expect(page).toContain(`target=${described.containerEnv["VOUCH_RUNTIME_DIR"]},type=bind`);
});

test.skipIf(!requires("shellcheck"))("shellcheck finds nothing in its script", () => {
  const { exitCode, stdout } = Bun.spawnSync(["shellcheck", join(feature, "install.sh")]);
  expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 0, stdout: "" });
});

const { server, work, install, stop } = await startInstaller();
afterAll(stop);

test("the install script that it brings along is the project's", () => {
  expect(readFileSync(join(feature, "install-vouch.sh"), "utf8")).toBe(script);
});

test.skipIf(!requires("curl"))(
  "its script installs vouch from the release, and runs no script from there",
  async () => {
    server.hide("install.sh");
    const folder = join(work, "container/bin");
    const run = (env: Record<string, string>) =>
      install({ shell: ["sh", join(feature, "install.sh")], env: { VOUCH_INSTALL_DIR: folder, ...env } });
    const wrong = await run({ VERSION: version, SHA256: "0".repeat(64) });
    expect(wrong.exitCode).not.toBe(0);
    expect(existsSync(join(folder, "vouch"))).toBe(false);
    const { exitCode, stdout } = await run({});
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain(`Installed vouch ${version} as ${folder}/vouch`);
    const plain = await run({ VOUCH_DOWNLOAD_URL: "http://mirror.example" });
    expect(plain.stderr).toContain("must begin with https://, got http://mirror.example");
  },
);
