/** What is shipped beside the executable and made from its commands: the manual page and the shells' completions. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { commands } from "../src/cli/commands.ts";
import { commandTree } from "../src/cli/framework/command-tree.ts";
import { completionScript } from "../src/cli/commands/completions/completions.ts";
import { manualPage } from "../src/cli/framework/manual.ts";
import { sourceTime } from "./source.ts";
import { allVariableGroups } from "./variables.ts";

/** What each shell's completion script is called where the shell looks for it. */
const completionFiles = { bash: "vouch.bash", zsh: "_vouch", fish: "vouch.fish" };

/**
 * Writes `man/vouch.1` and `completions/…` into the folder. The same commit gives the same bytes: the date is that of
 * SOURCE_DATE_EPOCH, else of the commit.
 */
export async function writeDocuments(folder: string): Promise<void> {
  const roles = {
    agent: () => import("../src/agent/process/daemon.ts"),
    server: () => import("../src/server/command/command.ts"),
  };
  const tree = await commandTree(commands, roles);
  mkdirSync(join(folder, "man"), { recursive: true });
  mkdirSync(join(folder, "completions"), { recursive: true });
  const date = new Date(sourceTime() * 1000).toISOString().slice(0, 10);
  writeFileSync(join(folder, "man/vouch.1"), manualPage(tree, allVariableGroups, packageJson.version, date));
  for (const [shell, name] of Object.entries(completionFiles)) {
    writeFileSync(join(folder, "completions", name), completionScript(shell, tree) ?? "");
  }
}
