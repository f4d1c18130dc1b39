/** `vouch completions SHELL`: prints a script for shell completion of commands and flags. */
import { usage } from "../../framework/arguments.ts";
import { type Command, defineCommand } from "../../framework/command.ts";
import type { CommandNode } from "../../framework/command-tree.ts";
import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import { type Place, placesOf } from "./words.ts";
import { zshCompletions } from "./zsh.ts";
import { isOwnNames, ownNames } from "./own-names.ts";
import { print, printText } from "../../terminal/terminal.ts";

const scripts: Record<string, (places: readonly Place[]) => string> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

/** Returns the script for a shell, with a final line end; undefined for an unsupported shell. */
export function completionScript(shell: string, tree: CommandNode): string | undefined {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  return script?.(placesOf(tree));
}

/** Returns the command; `loadTree` loads all commands, for the script. */
export function completionsCommand(loadTree: () => Promise<CommandNode>): Command {
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
        ["vouch completions keys", "The names of your security keys, as the scripts ask for them; guests likewise."],
        ["vouch completions fish > ~/.config/fish/completions/vouch.fish", "Once, and again after an update."],
      ],
    },
    async run({ args }) {
      if (isOwnNames(args.shell)) {
        for (const name of await ownNames(args.shell)) print(name);
        return;
      }
      const script = completionScript(args.shell, await loadTree());
      if (script === undefined) {
        throw usage(`Expected one of ${Object.keys(scripts).join(", ")}, got "${args.shell}".`, "vouch completions");
      }
      printText(script.trimEnd());
    },
  });
}
