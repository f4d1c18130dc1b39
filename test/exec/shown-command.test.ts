/** What a person reads of the command that publishes. */
import { expect, test } from "bun:test";
import { shownCommand } from "../../src/exec/shown-command.ts";

test.each<[string, string[], string | undefined]>([
  ["a command", ["/usr/bin/yarn", "npm", "publish"], "yarn npm publish"],
  [
    "a script that an interpreter runs",
    ["node", "/home/me/.yarn/releases/yarn-4.9.1.cjs", "npm", "publish"],
    "yarn npm publish",
  ],
  ["a script of a shell", ["/bin/bash", "./release.sh"], "release.sh"],
  ["a command of the project", ["./release.sh", "--verbose"], "release.sh --verbose"],
  ["a shell itself", ["-bash"], "bash"],
  ["a shell with a command line", ["sh", "-c", "curl http://example.com"], "sh"],
  ["nothing", [""], undefined],
])("names %s by its program", (_, words, shown) => {
  expect(shownCommand(words)).toBe(shown);
});

test("masks arguments that may hold a secret, and is bounded", () => {
  expect(shownCommand(["twine", "upload", "--password", "s3cr3t", "my-secret-dist"])).toBe(
    "twine upload --password ***",
  );
  const long = shownCommand(["a".repeat(500), ...Array.from({ length: 100 }, () => "--long-option-name")])!;
  expect(long.length).toBeLessThanOrEqual(120);
});
