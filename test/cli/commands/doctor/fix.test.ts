/** `vouch doctor --fix`: what `vouch setup` has written comes back, and nothing else changes. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  codeartifact,
  command,
  env,
  home,
  read,
  setRole,
  settings,
  setup,
  snapshot,
  useHome,
  write,
} from "../setup/home.ts";

useHome();

async function fix(): Promise<{ files: string[]; links: string[] }> {
  const words = [...command.slice(0, -1), "doctor", "--fix", "--json"];
  const child = Bun.spawn(words, { cwd: home, env, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  return (JSON.parse(await child.stdout.text()) as { fixed: { files: string[]; links: string[] } }).fixed;
}

test("lines and links that are gone come back, in the order of the settings, and a second time changes nothing", async () => {
  await setRole();
  await codeartifact();
  await setup("codeartifact", "--domain", "my-domain", "--repository", "a", "--extra", "--tool", "cargo");
  await setup(
    "codeartifact",
    "--domain",
    "my-domain",
    "--repository",
    "b",
    "--extra",
    "--tool",
    "npm",
    "--scope",
    "@b",
  );
  const before = settings();
  const whole = snapshot();
  const pip = read(".config/pip/pip.conf");
  write(".config/pip/pip.conf", "[global]\ntimeout = 9\n");
  rmSync(join(home, ".local/share/vouch/shims/npm"));
  const fixed = await fix();
  expect(fixed.files).toEqual([join(home, ".config/pip/pip.conf")]);
  expect(fixed.links).toEqual(["npm"]);
  expect(read(".config/pip/pip.conf")).toContain("timeout = 9\n");
  write(".config/pip/pip.conf", pip, 0o600);
  expect(snapshot()).toEqual(whole);
  expect(settings()).toEqual(before);
  expect(await fix()).toMatchObject({ files: [], links: [] });
});
