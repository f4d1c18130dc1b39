/** `vouch hook` by its line in the start file, and what `vouch doctor` says in that shell. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hookCommand } from "../../../src/tools/shell/hook.ts";
import { executable } from "../../laptop.ts";
import { tempFolder } from "../../temp-folder.ts";
import { interactive, requiresShell, shells } from "../../tools/shell/interactive.ts";
import { setUpPip } from "./set-up-pip.ts";

interface Finding {
  check: string;
  status: string;
  found: string;
  remedy?: string;
}

/** What the doctor has found of PATH, from a file that a session has written. */
function findings(path: string): Finding[] {
  const { sections } = JSON.parse(readFileSync(path, "utf8")) as { sections: { findings: Finding[] }[] };
  return sections.flatMap((section) => section.findings).filter(({ check }) => check === "path" || check === "hook");
}

test.each(Object.keys(shells))(
  "the line for %s gets the hook from the executable, and the doctor sees it",
  async (shell) => {
    if (!requiresShell(shell)) return;
    using folder = tempFolder();
    const home = folder.path;
    const bin = join(home, "bin");
    mkdirSync(bin);
    symlinkSync(executable, join(bin, "vouch"));
    const env = {
      PATH: `${bin}:/usr/bin:/bin`,
      SHELL: `/bin/${shell}`,
      NVM_DIR: "/nvm",
      VOUCH_RUNTIME_DIR: join(home, "run"),
    };
    setUpPip(home, shell, env.PATH, "no");
    const doctor = (file: string): string =>
      shell === "nu" ? `^vouch doctor --json | save ${file}` : `vouch doctor --json >${file}`;
    const { prepend, answer } = shells[shell]!;
    const plain = await interactive(shell, { home, startFile: "", typed: [doctor("without")], env });
    expect(findings(join(home, "without"))[0]?.remedy, plain.screen).toContain(hookCommand(shell));
    const typed = [prepend("/usr/bin"), answer("$PATH"), doctor("with")];
    const { answers, screen } = await interactive(shell, { home, startFile: `${hookCommand(shell)!}\n`, typed, env });
    expect(answers, screen).toEqual([`${join(home, ".local/share/vouch/shims")}:/usr/bin:${env.PATH}`]);
    const found = findings(join(home, "with")).map(({ check, status }) => `${status} ${check}`);
    expect(found).toEqual(["ok path", "ok hook"]);
  },
);
