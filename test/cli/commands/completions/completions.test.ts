/** The completion scripts in the real shells. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInTerminal } from "../../../pty.ts";
import { requires } from "../../../requires.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const dist = join(import.meta.dir, "../../../../dist");
const home = tempFolderUntil(afterAll);
const env = { PATH: `${home}:${dist}:${process.env["PATH"]}`, HOME: home, PS1: "$ ", LC_ALL: "C" };
writeFileSync(join(home, "certificate.pem"), "");
writeFileSync(join(home, "completion-probe"), "#!/bin/sh\n");
chmodSync(join(home, "completion-probe"), 0o755);

// Keys need a session: in front of the executable stands one that has two.
writeFileSync(
  join(home, "vouch"),
  `#!/bin/sh\nif [ "$*" = "completions keys" ]; then printf 'work\\nYubiKey 5 Series\\n'; else exec '${dist}/vouch' "$@"; fi\n`,
);
chmodSync(join(home, "vouch"), 0o755);
mkdirSync(join(home, ".config/vouch"), { recursive: true });
writeFileSync(
  join(home, ".config/vouch/config.json"),
  JSON.stringify({ version: 1, repositories: [], guests: { devcontainer: {} } }),
);

const commands = {
  bash: ["bash", "--norc", "--noprofile", "-i"],
  zsh: ["zsh", "-f", "-i"],
  fish: ["fish", "--no-config"],
};
type Shell = keyof typeof commands;

/** What is typed before Tab, and the words that the line then has. */
const lines: [typed: string, words: string[]][] = [
  ["vouch ag", ["agent"]],
  ["vouch agent sto", ["agent", "stop"]],
  ["vouch login --ti", ["login", "--timeout"]],
  ["vouch login --timeout 5 --js", ["login", "--timeout", "5", "--json"]],
  ["vouch setup codeartifact --tool ca", ["setup", "codeartifact", "--tool", "cargo"]],
  ["vouch setup codeartifact --tool=po", ["setup", "codeartifact", "--tool=poetry"]],
  ["vouch completions zs", ["completions", "zsh"]],
  ["vouch hook fi", ["hook", "fish"]],
  ["vouch help", ["help"]],
  ["vouch help credential codear", ["help", "credential", "codeartifact"]],
  ["vouch server run --tls-cert ./certi", ["server", "run", "--tls-cert", "./certificate.pem"]],
  ["vouch exec -- ./completion-pr", ["exec", "--", "./completion-probe"]],
  ["vouch exec -- completion-pr", ["exec", "--", "completion-probe"]],
  ["vouch exec -- completion-probe ./certi", ["exec", "--", "completion-probe", "./certificate.pem"]],
  ["vouch exec --identity gitl", ["exec", "--identity", "gitlab"]],
  ["vouch setup aws --identity non", ["setup", "aws", "--identity", "none"]],
  ["vouch setup codeartifact --tool cargo,np", ["setup", "codeartifact", "--tool", "cargo,npm"]],
  ["vouch setup codeartifact --tool=cargo,npm,po", ["setup", "codeartifact", "--tool=cargo,npm,poetry"]],
  ["vouch trust ./certi", ["trust", "./certificate.pem"]],
  ["vouch trust --li", ["trust", "--list"]],
  ["vouch server backup ./certi", ["server", "backup", "./certificate.pem"]],
  ["vouch keys remove wo", ["keys", "remove", "work"]],
  ["vouch keys rename Yubi", ["keys", "rename", "YubiKey 5 Series"]],
  ["vouch keys rename work wo", ["keys", "rename", "work", "wo"]],
  ["vouch server audit --event key_ad", ["server", "audit", "--event", "key_added"]],
  ["vouch keys remove --ye", ["keys", "remove", "--yes"]],
  ["vouch guest remove dev", ["guest", "remove", "devcontainer"]],
  ["vouch nothing-of-the-kin", ["nothing-of-the-kin"]],
];

describe.each(Object.keys(commands) as Shell[])("the completions for %s", (shell) => {
  describe.skipIf(!requires(shell))("in that shell", () => {
    test("are read without any output", () => {
      const prepare = shell === "zsh" ? "autoload -Uz compinit; compinit -D; " : "";
      const read = Bun.spawnSync([...commands[shell].slice(0, 2), "-c", `${prepare}${sourceScript(shell)}`], { env });
      expect(read.stderr.toString()).toBe("");
      expect(read.stdout.toString()).toBe("");
      expect(read.exitCode).toBe(0);
    });

    test.each(lines)("are, for the line %j, what vouch has to offer there", async (typed, words) => {
      expect(await (shell === "fish" ? askFish(typed) : pressTab(shell, typed))).toEqual(words);
    });
  });
});

/** Reads the script that the executable prints. */
function sourceScript(shell: Shell): string {
  return shell === "fish" ? "vouch completions fish | source" : `source <(vouch completions ${shell})`;
}

/** Types the line and Tab at a real prompt, where a function in the place of vouch shows the words that it is given. */
async function pressTab(shell: Shell, typed: string): Promise<string[]> {
  const prepare = [
    shell === "zsh" ? "autoload -Uz compinit; compinit -D" : "bind 'set enable-bracketed-paste off'",
    sourceScript(shell),
    "vouch() { printf '<%s>' \"$@\"; echo; }",
    "echo rea''dy",
  ].join("; ");
  const { screen } = await runInTerminal(commands[shell], { cwd: home, env }, async (person) => {
    person.type(`${prepare}\r`);
    await person.see("ready");
    person.type(`${typed}\t`);
    await person.see(typed.split(" ").at(-1)!);
    person.type(" end\r");
    await person.see("<end>");
    person.type("exit\r");
  });
  const line = /<.*<end>/.exec(screen)?.[0] ?? "";
  return line.slice(1, -1).split("><").slice(0, -1);
}

/** What fish offers for the line; it must be one word, which takes the place of the last. */
async function askFish(typed: string): Promise<string[]> {
  const words = typed.split(" ").slice(1);
  const script = `${sourceScript("fish")}; complete -C "$argv[1]"`;
  const { stdout } = Bun.spawnSync([...commands.fish, "-c", script, typed], { cwd: home, env });
  const offered = stdout
    .toString()
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t")[0]!);
  return [...words.slice(0, -1), ...(offered.length === 0 ? words.slice(-1) : offered)];
}
