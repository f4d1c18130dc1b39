/** Asks one question, as a command would, and shows the answer on stdout: `ask.ts secret|text|confirm|choice|proposed|code|parsed|name|many`. */
import { confirm, promptChoice, promptSecret, promptText, readCode } from "../../../src/cli/terminal/prompt.ts";
import { promptName, promptParsed } from "../../../src/cli/terminal/questions.ts";
import { print, showError } from "../../../src/cli/terminal/terminal.ts";
import { VouchError } from "../../../src/base/errors.ts";

const questions: Record<string, () => Promise<unknown>> = {
  secret: async () => (await promptSecret("PIN")).expose(),
  text: () => promptText("Name"),
  confirm: () => confirm("Go on?", false),
  choice: () => promptChoice("Which one?", ["dev@example.com", "ops@example.com"]),
  proposed: () => promptChoice("Which one?", ["dev@example.com", "ops@example.com"], 1),
  code: () => readCode("Enrolment code"),
  parsed: () => promptParsed("Region", region, "us-east-1"),
  name: () =>
    promptName("Which repository?", "repositories", [
      { name: "first", about: `Ours,\u001b[31m ${"and everybody's, ".repeat(20)}` },
      { name: "second", about: "" },
      { name: "second-of-two", about: "" },
    ]),
  many: () =>
    promptName(
      "Which repository?",
      "repositories",
      Array.from({ length: 300 }, (_, index) => ({ name: `team-${index}-packages`, about: "" })),
    ),
};

function region(text: string): string {
  if (/^[a-z]+-[a-z]+-\d$/.test(text)) return text;
  throw new VouchError("usage", `Expected a region, got "${text}".`);
}

try {
  print(`answer=${JSON.stringify(await questions[process.argv[2]!]!())}`);
  process.exit(0);
} catch (error) {
  showError(VouchError.from(error));
  process.exit(VouchError.from(error).exitCode);
}
