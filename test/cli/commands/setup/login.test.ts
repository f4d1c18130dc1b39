import { expect, test } from "bun:test";
import { settings, setup, useHome, write } from "./home.ts";

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

test.each([
  [[], "--prompt is missing."],
  [["--prompt", "alway"], '--prompt expects always, terminal, never, got "alway".'],
])("%j ends with 2 and the right command", async (args, message) => {
  const { exitCode, stderr } = await setupLogin(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain("--prompt always");
});
