/** `vouch hook SHELL`: prints the lines that keep the shims folder first on PATH. */
import { loadSettings } from "../../settings/settings.ts";
import { hookCommand, hookLines, hookShells } from "../../tools/shell/hook.ts";
import { shimsFolder } from "../../tools/shims.ts";
import { neededShims } from "../../tools/tools.ts";
import { usage } from "../framework/arguments.ts";
import { defineCommand } from "../framework/command.ts";
import { printText } from "../terminal/terminal.ts";

export const hook = defineCommand({
  meta: {
    name: "hook",
    description: "Print lines that keep the shims folder first on your shell's PATH.",
  },
  args: {
    shell: { type: "positional", required: true, valueHint: hookShells.join("|"), description: "The shell." },
  },
  teaching: {
    usage: hookShells.join("|"),
    details: [
      "nvm, fnm, volta, asdf, mise, pyenv, conda, virtual environments and direnv put their own folders first on PATH. With these lines in its start file, your shell puts the shims folder first again at each prompt; it starts no program for that. On a line like `nvm use 22 && npm install` there is no prompt in between: type two.",
      "`vouch setup codeartifact … --path yes` writes the same lines into the start file of your shell. Where no shims are set up, nothing is printed.",
    ],
    examples: [
      [hookCommand("bash")!, "In ~/.bashrc, behind what changes PATH."],
      [hookCommand("zsh")!, "In ~/.zshrc."],
      [hookCommand("fish")!, "In ~/.config/fish/config.fish."],
      [hookCommand("nu")!, "In config.nu."],
      [hookCommand("pwsh")!, "In the file that $PROFILE names."],
    ],
  },
  run({ args }) {
    const lines = hookShells.includes(args.shell) ? hookLines(args.shell, shimsFolder()) : undefined;
    if (lines === undefined) {
      throw usage(`Expected one of ${hookShells.join(", ")}, got "${args.shell}".`, "vouch hook");
    }
    if (neededShims(loadSettings(), process.env).length > 0) printText(lines.join("\n"));
  },
});
