import { afterAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { bunVersion, runtimeIntegrity, targetRuntime } from "../../build/runtime.ts";
import { hostTarget, targetNamed, targets } from "../../build/targets.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

const other = targets.find(({ arch }) => arch !== process.arch)!;

test.each(targets.map((target) => [target.name, target] as const))("the runtime of %s is pinned", (_, target) => {
  expect(runtimeIntegrity(target)).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
});

test("a runtime that nothing is known of is refused, with the command that gives its digest", () => {
  const unknown = { ...other, runtime: "@oven/bun-plan9-x64" };
  expect(() => runtimeIntegrity(unknown)).toThrow(`npm view @oven/bun-plan9-x64@${bunVersion} dist.integrity`);
});

test("the runtime of this machine's release is the Bun that runs here", () => {
  expect(targetRuntime(hostTarget(), folder)).toBe(process.execPath);
});

test("a runtime's package with other bytes than pinned is refused, and nothing of it is kept", () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  // An npm whose registry gives something else.
  writeFileSync(
    join(bin, "npm"),
    `#!/bin/sh\nwhile [ "$1" != --pack-destination ]; do shift; done\necho other >"$2/package.tgz"\n`,
  );
  chmodSync(join(bin, "npm"), 0o755);
  const script = `
    import { targetRuntime } from ${JSON.stringify(join(import.meta.dir, "../../build/runtime.ts"))};
    import { targetNamed } from ${JSON.stringify(join(import.meta.dir, "../../build/targets.ts"))};
    targetRuntime(targetNamed(${JSON.stringify(other.name)}), ${JSON.stringify(join(folder, "cache"))});
  `;
  const env = { ...process.env, PATH: [bin, process.env["PATH"]].join(delimiter) };
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "-e", script], { env });
  expect(exitCode).not.toBe(0);
  expect(stderr.toString()).toContain(`expected ${runtimeIntegrity(other)}, got sha512-`);
  expect(existsSync(join(folder, "cache", other.runtime.replace("/", "-"), bunVersion, "bun"))).toBe(false);
});

test("an unknown target is refused with the list of those that exist", () => {
  expect(() => targetNamed("linux-sparc")).toThrow("linux-x64, linux-x64-baseline");
});
