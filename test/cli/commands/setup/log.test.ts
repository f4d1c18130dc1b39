/** `vouch setup log`. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { home, setRole, settings, setup, useHome } from "./home.ts";

useHome();

test("sets one of both and leaves the other, and the default stands in no file", async () => {
  await setRole();
  const before = settings();
  expect(await setup("log", "--keep", "yes")).toMatchObject({ exitCode: 0 });
  expect(settings().log).toEqual({ keep: true });
  await setup("log", "--arguments", "yes");
  expect(settings().log).toEqual({ keep: true, arguments: true });
  await setup("log", "--keep", "no");
  expect(settings().log).toEqual({ arguments: true });
  expect((await setup("log", "--arguments=no")).stderr).toContain("Who asks is in the agent's memory only.");
  expect(settings()).toEqual(before);
});

test("says where the files are, and that they stay", async () => {
  const files = join(home, ".local/state/vouch/changed.jsonl");
  expect((await setup("log", "--keep", "yes")).stderr).toContain(
    `Who asks is kept in files (${files}, published.jsonl, asked.jsonl, refused.jsonl and guests.jsonl).`,
  );
  expect((await setup("log")).stdout).toContain(files);
  expect((await setup("log", "--keep", "no")).stderr).toContain("What is kept already stays in");
});

test("without flags says what is set, and changes nothing", async () => {
  const { exitCode, stdout } = await setup("log");
  expect(exitCode).toBe(0);
  expect(stdout).toBe("Who asks is in the agent's memory only.\nThe arguments of those who ask are not recorded.\n");
  expect(existsSync(join(home, ".config/vouch/config.json"))).toBe(false);
  const folder = join(home, ".local/state/vouch");
  expect(JSON.parse((await setup("log", "--json")).stdout)).toEqual({ keep: false, arguments: false, folder });
});

test("shows with --dry-run what would change, and changes nothing", async () => {
  await setRole();
  const before = settings();
  const { exitCode, stdout, stderr } = await setup("log", "--keep", "yes", "--arguments", "yes", "--dry-run");
  expect(exitCode).toBe(0);
  expect(stdout).toContain('+     "keep": true');
  expect(stderr).toContain("Who asks would be kept in files");
  expect(stderr).toEndWith("Nothing has been changed (--dry-run).\n");
  expect(JSON.parse((await setup("log", "--keep", "yes", "--dry-run", "--json")).stdout)).toMatchObject({
    dryRun: true,
    keep: true,
  });
  expect(settings()).toEqual(before);
});

test.each([
  [["--keep", "maybe"], "--keep expects one of yes, no"],
  [["--keep"], "--keep expects a value (yes|no)"],
  [["--kept", "yes"], "vouch setup log has no flag --kept."],
])("refuses %j", async (flags, message) => {
  const { exitCode, stderr } = await setup("log", ...flags);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});
