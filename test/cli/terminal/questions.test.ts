/** Questions that are asked again until the answer fits. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runInTerminal } from "../../pty.ts";

const program = join(import.meta.dir, "../programs/ask.ts");

/** Asks one of the program's questions; the person types each answer when the prompt before it is there. */
async function asked(question: string, dialogue: [prompt: string, typed: string][]) {
  return runInTerminal([process.execPath, program, question], {}, async ({ see, type }) => {
    for (const [prompt, typed] of dialogue) {
      await see(prompt);
      type(typed);
    }
  });
}

test.each<[string, string[], string]>([
  ["of the form that is wanted", ["eu-west-1\r"], "eu-west-1"],
  ["after others that are of no such form", ["Ireland\r", "\u0007\r", "eu-west-1\r"], "eu-west-1"],
  ["by Enter, which is the one in brackets", ["\r"], "us-east-1"],
])("a text is taken %s", async (_, answers, expected) => {
  const run = await asked(
    "parsed",
    answers.map((each) => ["Region [us-east-1]: ", each]),
  );
  expect(run.screen).toContain(`answer="${expected}"`);
  expect(run.screen.split("Expected a region").length).toBe(answers.length);
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

const offered = "Number or name: ";

test.each<[string, [string, string][], string]>([
  ["its number", [[offered, "2\r"]], "second"],
  ["its name, which is also a part of another", [[offered, "second\r"]], "second"],
  [
    "a part that one alone has, and Enter",
    [
      [offered, "of-t\r"],
      ["Number or name [1]: ", "\r"],
    ],
    "second-of-two",
  ],
  [
    "its number among those that have the part",
    [
      [offered, "SECOND\r"],
      ["2  second-of-two", ""],
      [offered, "2\r"],
    ],
    "second-of-two",
  ],
  [
    "its number in the whole list, which Enter shows again",
    [
      [offered, "of-t\r"],
      ["Number or name [1]: ", "sec\r"],
      [offered, "\r"],
      ["3  second-of-two", ""],
      [offered, "1\r"],
    ],
    "first",
  ],
  [
    "its name after one that there is not",
    [
      [offered, "secnd\r"],
      ["Did you mean second?", ""],
      [offered, "9\r"],
      ["None of the 3 repositories", ""],
      [offered, "second\r"],
    ],
    "second",
  ],
])("a name is chosen by %s", async (_, dialogue, expected) => {
  const run = await asked("name", dialogue);
  expect(run.screen).toContain(`answer="${expected}"`);
  expect(run).toMatchObject({ exitCode: 0, restored: true });
});

test("what AWS says of a name stays on its line, and brings no codes to the terminal", async () => {
  const { screen } = await asked("name", [[offered, "1\r"]]);
  const line = screen.split("\n").find((each) => each.includes("1  first"))!;
  expect(line).toEndWith("…");
  expect(line.length).toBeLessThan(120);
  expect(screen).not.toContain("\u001b");
});

test("of 300 names none is shown before a part of them leaves few", async () => {
  const { screen, exitCode } = await asked("many", [
    ["There are 300 repositories. Type the name, or a part of it: ", "team-2\r"],
    ["There are 111 repositories. Type the name, or a part of it: ", "team-29\r"],
    [offered, "team-299-packages\r"],
  ]);
  expect({ exitCode, answer: screen.includes('answer="team-299-packages"') }).toEqual({ exitCode: 0, answer: true });
  expect(screen.split("\n").length).toBeLessThan(20);
});

test.each(["name", "many", "parsed"])(
  "Ctrl-C ends the question (%s) with 130 and restores the terminal",
  async (what) => {
    const run = await asked(what, [[": ", "\x03"]]);
    expect(run).toMatchObject({ exitCode: 130, restored: true });
  },
);
