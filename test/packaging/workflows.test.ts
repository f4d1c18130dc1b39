import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { requires } from "../requires.ts";

const root = join(import.meta.dir, "../..");
const folder = join(root, ".github/workflows");

interface Workflow {
  permissions: unknown;
  jobs: Record<string, { permissions?: Record<string, string>; steps: { uses?: string; run?: string }[] }>;
}

const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  return [name, { text, parsed: YAML.parse(text) as Workflow }] as const;
});

/** actionlint checks the scripts of the steps with shellcheck where it finds it, so both must be there. */
test.skipIf(!requires("actionlint", "shellcheck"))("actionlint and shellcheck find nothing in the workflows", () => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["actionlint", "-no-color"], { cwd: root });
  expect({ exitCode, stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "",
  });
});

const scripts = ["packaging/install.sh", "packaging/macos/sign.sh", ".ci/run", ".ci/tools"];
test.skipIf(!requires("shellcheck"))("shellcheck finds nothing in the scripts of CI", () => {
  const { exitCode, stdout } = Bun.spawnSync(["shellcheck", ...scripts], { cwd: root });
  expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 0, stdout: "" });
});

describe.each(workflows)("the workflow %s", (_, { text, parsed }) => {
  test("gives no job more permissions than it states", () => {
    expect(parsed.permissions).toEqual({});
    for (const job of Object.values(parsed.jobs)) expect(job.permissions).toBeDefined();
  });

  test("names every action by its commit, and says the version", () => {
    const uses = text.split("\n").filter((line) => line.includes("uses:"));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("puts no text of an event into a script", () => {
    for (const { steps } of Object.values(parsed.jobs)) {
      for (const { run } of steps) expect(run ?? "").not.toContain("${{");
    }
  });
});

test("the release workflow has write permission only where it publishes", () => {
  const { jobs } = Object.fromEntries(workflows)["release.yml"]!.parsed;
  const writing = Object.entries(jobs).filter(([, { permissions }]) =>
    Object.values(permissions ?? {}).includes("write"),
  );
  expect(writing.map(([job]) => job)).toEqual(["publish"]);
});
