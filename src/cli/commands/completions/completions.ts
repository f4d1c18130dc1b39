/** `vouch completions SHELL`: a script that lets the shell complete commands and flags. */
import { usage } from "../../framework/arguments.ts";
import { type Command, defineCommand, type Roles } from "../../framework/command.ts";
import { commandTree } from "../../framework/command-tree.ts";
import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import { type Place, placesOf } from "./words.ts";
import { zshCompletions } from "./zsh.ts";
import { printText } from "../../terminal/terminal.ts";

const scripts: Record<string, (places: readonly Place[]) => string> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

/** The script for one shell, with a line end at its end; undefined for a shell that has none. */
export async function completionScript(shell: string, roles: Roles): Promise<string | undefined> {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  return script?.(placesOf(await commandTree(roles)));
}

/** The command; the tree that it describes has commands of the other roles in it. */
export function completionsCommand(roles: Roles): Command {
  return defineCommand({
    meta: { name: "completions", description: "Print a script that lets your shell complete commands and flags." },
    args: {
      shell: { type: "positional", required: true, valueHint: "bash|zsh|fish", description: "The shell." },
    },
    teaching: {
      usage: "bash|zsh|fish",
      details: ["Homebrew's package and the install script put these scripts in place by themselves."],
      examples: [
        ["source <(vouch completions bash)", "In ~/.bashrc."],
        ["source <(vouch completions zsh)", "In ~/.zshrc, after compinit."],
        ["vouch completions fish > ~/.config/fish/completions/vouch.fish", "Once, and again after an update."],
      ],
    },
    async run({ args }) {
      const script = await completionScript(args.shell, roles);
      if (script === undefined) {
        throw usage(`Expected one of ${Object.keys(scripts).join(", ")}, got "${args.shell}".`, "vouch completions");
      }
      printText(script.trimEnd());
    },
  });
}
