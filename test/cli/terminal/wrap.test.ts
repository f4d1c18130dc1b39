/** Help and messages are broken between words on a narrow terminal, and left as they are elsewhere. */
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { wrap, wrapMessage } from "../../../src/cli/terminal/wrap.ts";
import { runInTerminal } from "../../pty.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = join(import.meta.dir, "../../../src/main.ts");
const folder = tempFolderUntil(afterAll);
const { COLUMNS: _, ...others } = process.env;
const env: Record<string, string | undefined> = {
  ...others,
  HOME: folder,
  XDG_CONFIG_HOME: folder,
  VOUCH_RUNTIME_DIR: join(folder, "run"),
  NO_COLOR: "1",
};

async function shown(args: string[], cols: number, more: Record<string, string> = {}): Promise<string> {
  const run = await runInTerminal(
    [process.execPath, main, ...args],
    { env: { ...env, ...more }, cols },
    async () => {},
  );
  return run.screen;
}

async function piped(args: string[], more: Record<string, string> = {}): Promise<string> {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { ...env, ...more },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return stdout + stderr;
}

/** The widths of the lines, but for those of commands to copy: usage and examples. */
const widthsOf = (screen: string): number[] =>
  screen.split("\n").flatMap((line) => (/^(Usage:| {2}vouch )/.test(line) ? [] : Bun.stringWidth(line)));

const wrong = ["setup", "session", "--end-on", "whatever-this-is"];

test.each([
  ["words", "one two three", "one two\nthree"],
  ["a command in backticks, which stays whole", "Run `vouch login` now.", "Run\n`vouch login`\nnow."],
  ["a word that is wider than a line", "a https://vouch.example.com b", "a\nhttps://vouch.example.com\nb"],
  ["wide characters", "漢字 漢字 漢", "漢字 漢字\n漢"],
  ["terminal codes, which take no room", "\x1b[31mone\x1b[39m two three", "\x1b[31mone\x1b[39m two\nthree"],
])("lines are broken between %s", (_title, text, expected) => expect(wrap(text, 9)).toBe(expected));

test.each([
  ["that fits", "one two", 9],
  ["with an indent", "  one two three", 9],
  ["in columns", "one  two three", 9],
  ["for a wide terminal", "word ".repeat(40).trim(), 120],
  ["for no terminal", "one two three four", undefined],
])("a message %s stays as it is", (_title, line, width) => expect(wrapMessage(line, width)).toBe(line));

test.each([
  ["help", ["setup", "log", "--help"]],
  ["the overview", ["--help"]],
  ["an error with its hint", wrong],
])("%s is as wide as the terminal at most, or as COLUMNS says", async (_title, args) => {
  const narrow = await shown(args, 60);
  expect(Math.max(...widthsOf(narrow))).toBeLessThanOrEqual(60);
  expect(narrow.replaceAll(/\s+/g, " ").trim()).toBe((await piped(args)).replaceAll(/\s+/g, " ").trim());
  expect(await shown(args, 110, { COLUMNS: "60" })).toBe(narrow);
});

test("what is piped does not follow COLUMNS", async () => {
  for (const args of [["setup", "log", "--help"], wrong]) {
    const whole = await piped(args);
    expect(Math.max(...widthsOf(whole))).toBeGreaterThan(60);
    expect(await piped(args, { COLUMNS: "60" })).toBe(whole);
  }
});
