/** Asks one question, as a command would, and shows the answer on stdout: `ask.ts secret|text|confirm|choice|code`. */
import { confirm, promptChoice, promptSecret, promptText, readCode } from "../../../src/cli/terminal/prompt.ts";
import { print, showError } from "../../../src/cli/terminal/terminal.ts";
import { VouchError } from "../../../src/base/errors.ts";

const questions: Record<string, () => Promise<unknown>> = {
  secret: async () => (await promptSecret("PIN")).expose(),
  text: () => promptText("Name"),
  confirm: () => confirm("Go on?", false),
  choice: () => promptChoice("Which one?", ["dev@example.com", "ops@example.com"]),
  code: () => readCode("Enrolment code"),
};

try {
  print(`answer=${JSON.stringify(await questions[process.argv[2]!]!())}`);
  process.exit(0);
} catch (error) {
  showError(VouchError.from(error));
  process.exit(VouchError.from(error).exitCode);
}
