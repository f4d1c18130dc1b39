import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { home, settings, setup, useHome, write } from "./home.ts";

useHome();

const setupLogin = (...args: string[]) => setup("login", ...args);

test.each(["always", "terminal", "never"])("the choice %s is kept, and said in words", async (prompt) => {
  const { exitCode, stderr } = await setupLogin("--prompt", prompt);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(new RegExp(`^✓ login.prompt is ${prompt} \\(.*config.json\\)\\.\nYou are `));
  expect(settings()).toEqual({ version: 1, login: { prompt }, repositories: [] } as never);
});

test("--dry-run shows the change and makes none, --json says what is set", async () => {
  write(".config/vouch/config.json", '{"version":1,"repositories":[]}');
  const shown = await setupLogin("--prompt", "never", "--dry-run");
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('+     "prompt": "never"') });
  expect(settings().login).toBeUndefined();
  const { stdout } = await setupLogin("--prompt", "never", "--json");
  expect(JSON.parse(stdout)).toEqual({ prompt: "never" });
});

test("without flags it says what is set, and writes nothing", async () => {
  const first = await setupLogin();
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(first.stdout).toMatch(
    /^login\.prompt is terminal, as without a choice \(.*\)\.\nYou are asked on the terminal/,
  );
  expect(JSON.parse((await setupLogin("--json")).stdout)).toEqual({ prompt: "terminal" });
  expect(existsSync(join(home, ".config"))).toBe(false);
  await setupLogin("--prompt", "never");
  expect((await setupLogin()).stdout).toMatch(/^login\.prompt is never \(.*\)\.\nYou are never asked/);
  expect(JSON.parse((await setupLogin("--dry-run", "--json")).stdout)).toEqual({ dryRun: true, prompt: "never" });
});

test.each([[["--prompt", "alway"], '--prompt expects always, terminal, never, got "alway".']])(
  "%j ends with 2 and the right command",
  async (args, message) => {
    const { exitCode, stderr } = await setupLogin(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain("--prompt always");
  },
);
