import { expect, test } from "bun:test";
import { commands } from "../../../src/cli/commands.ts";
import { commandTree, type CommandNode } from "../../../src/cli/framework/command-tree.ts";
import { otherCommands } from "../../../src/cli/framework/other-names.ts";
import { serverCommand } from "../../../src/server/command/command.ts";

const root = await commandTree(commands, {
  agent: () => Promise.reject(new Error("not needed")),
  server: async () => ({ serverCommand }),
});

function find(path: string): CommandNode | undefined {
  const [, ...words] = path.split(" ");
  return words.reduce<CommandNode | undefined>((node, word) => node?.children.find(({ name }) => name === word), root);
}

test("every name of another tool leads to a command that exists, and is none itself", () => {
  for (const [parent, others] of Object.entries(otherCommands)) {
    const node = find(parent)!;
    for (const [word, meant] of Object.entries(others)) {
      expect(node.children.map(({ name }) => name)).not.toContain(word);
      const words = meant.split(" ").filter((each) => /^[a-z]/.test(each));
      const found = find([parent, ...words].join(" "));
      expect([word, found === undefined]).toEqual([word, false]);
      expect([word, meant.startsWith("--") || found!.children.length === 0 || meant === "completions"]).toEqual([
        word,
        true,
      ]);
    }
  }
});
