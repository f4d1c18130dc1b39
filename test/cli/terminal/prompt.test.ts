import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Person, runInTerminal } from "../../pty.ts";
import { until } from "../../agent/harness.ts";
import { requires } from "../../requires.ts";

const program = join(import.meta.dir, "../programs/ask.ts");
const ask = (what: string): string[] => [process.execPath, program, what];

async function answer(what: string, label: string, keys: string) {
  return runInTerminal(ask(what), {}, async (person) => {
    await person.see(label);
    person.type(keys);
  });
}

test.each([
  ["is taken as typed", "123456\r", "123456"],
  ["ends with a line feed too", "123456\n", "123456"],
  ["loses its last character with Backspace", "1239\x7f456\r", "123456"],
  ["loses its last character with Ctrl-H", "1239\x08456\r", "123456"],
  ["loses a whole character of several bytes", "12é\x7f3\r", "123"],
  ["is cleared by Ctrl-U", "wrong\x15right\r", "right"],
  ["is UTF-8", "pässwörd\r", "pässwörd"],
  ["passes over arrows and the marks of a paste", "\x1b[200~12\x1b[D\x1bOA34\x1b[201~\r", "1234"],
  ["passes over Ctrl-Z and Ctrl-S", "12\x1a\x1334\r", "1234"],
])("a secret that is typed %s", async (_, keys, expected) => {
  const run = await answer("secret", "PIN: ", keys);
  expect(run.screen).toBe(`PIN: \nanswer=${JSON.stringify(expected)}\n`);
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("a secret is not shown while it is typed", async () => {
  const run = await runInTerminal(ask("secret"), {}, async (person) => {
    await person.see("PIN: ");
    expect(person.echoes()).toBe(false);
    person.type("ab\r");
  });
  expect(run.screen.split("answer=")[0]).toBe("PIN: \n");
});

test.each([
  ["Ctrl-C", (person: Person) => person.type("12\x03")],
  ["Ctrl-D on the empty line", (person: Person) => person.type("\x04")],
  ["Ctrl-C after Escape", (person: Person) => person.type("\x1b\x03")],
  ["SIGINT", (person: Person) => person.signal("SIGINT")],
  ["SIGTERM", (person: Person) => person.signal("SIGTERM")],
  ["SIGHUP", (person: Person) => person.signal("SIGHUP")],
  ["SIGQUIT", (person: Person) => person.signal("SIGQUIT")],
  ["SIGALRM", (person: Person) => person.signal("SIGALRM")],
  ["SIGUSR1", (person: Person) => person.signal("SIGUSR1")],
  ["SIGUSR2", (person: Person) => person.signal("SIGUSR2")],
  ["SIGVTALRM", (person: Person) => person.signal("SIGVTALRM")],
  ["SIGXCPU", (person: Person) => person.signal("SIGXCPU")],
])("%s ends a prompt with 130 and restores the terminal", async (_, giveUp) => {
  const run = await runInTerminal(ask("secret"), {}, async (person) => {
    await person.see("PIN: ");
    giveUp(person);
  });
  expect(run).toMatchObject({ exitCode: 130, restored: true });
  expect(run.screen).toContain("\nCancelled");
});

test("a prompt that is stopped restores the terminal, and continued it reads what is typed without showing it", async () => {
  const run = await runInTerminal(ask("secret"), {}, async (person) => {
    await person.see("PIN: ");
    person.signal("SIGTSTP");
    await until(() => person.echoes());
    // Again and again: a signal that comes before it has stopped would be lost.
    await until(() => {
      person.signal("SIGCONT");
      return !person.echoes();
    });
    person.type("123456\r");
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true });
  expect(run.screen).toContain('answer="123456"');
});

test("a prompt is shown on the terminal when stdin, stdout and stderr are captured", async () => {
  const shell = ["sh", "-c", `exec "$0" "$1" secret </dev/null >/dev/null 2>&1`, process.execPath, program];
  const run = await runInTerminal(shell, {}, async (person) => {
    await person.see("PIN: ");
    person.type("123456\r");
  });
  expect(run).toMatchObject({ exitCode: 0, restored: true, screen: "PIN: \n" });
});

test("what is typed ahead is left for the next reader", async () => {
  const shell = ["sh", "-c", `"$0" "$1" secret; "$0" "$1" secret`, process.execPath, program];
  const run = await runInTerminal(shell, {}, async (person) => {
    await person.see("PIN: ");
    person.type("123456\rhello\r");
  });
  expect(run.screen).toBe('PIN: \nanswer="123456"\nPIN: \nanswer="hello"\n');
});

test.each([
  ["yes", "y\r", true],
  ["yes in full, after something else", "what\rYES\r", true],
  ["no", "n\r", false],
  ["the default", "\r", false],
])("a yes-or-no question is answered: %s", async (_, keys, expected) => {
  const run = await answer("confirm", "Go on? [y/N] ", keys);
  expect(run.screen).toContain(`answer=${expected}\n`);
});

test.each([
  ["by its number", "2\r", 1],
  ["by Enter", "\r", 0],
  ["after numbers that there are not", "3\r0\r-1\r2\r", 1],
])("one of several is chosen %s", async (_, keys, expected) => {
  const run = await answer("choice", "[1]: ", keys);
  expect(run.screen).toStartWith("Which one?\n  1  dev@example.com\n  2  ops@example.com\nNumber from 1 to 2 [1]: ");
  expect(run.screen).toContain(`answer=${expected}\n`);
});

test("of several one other than the first may be proposed: Enter takes it", async () => {
  const run = await answer("proposed", "Number from 1 to 2 [2]: ", "\r");
  expect(run.screen).toContain("answer=1\n");
});

test("a line that may be shown is trimmed", async () => {
  const run = await answer("text", "Name: ", "  Ada \r");
  expect(run.screen).toContain('answer="Ada"');
});

test.each([
  ["from a pipe", "CODE-1\nrest\n", 'answer="CODE-1"\n', 0],
  ["without a line end", "CODE-1", 'answer="CODE-1"\n', 0],
  ["but none comes", "", "", 2],
])("a code is read from stdin: %s", async (_, input, stdout, exitCode) => {
  const child = Bun.spawn(ask("code"), { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  expect(await child.stdout.text()).toBe(stdout);
  expect(await child.exited).toBe(exitCode);
});

test.skipIf(!requires("setsid"))("without a terminal the error says that one is needed", async () => {
  // setsid takes the controlling terminal away.
  const child = Bun.spawn(["setsid", ...ask("secret")], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  expect(await child.stderr.text()).toContain("This needs a terminal");
  expect(await child.exited).toBe(2);
});
