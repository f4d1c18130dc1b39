/** A home folder in which pip is set up. */
import { join } from "node:path";
import { executable } from "../../laptop.ts";

/** Sets up pip with the compiled executable, and with `--path yes` the hook in the start file of the shell. */
export function setUpPip(home: string, shell: string, PATH: string, path: "yes" | "no" = "yes"): void {
  const env = { HOME: home, PATH, SHELL: `/bin/${shell}`, ZDOTDIR: home, VOUCH_RUNTIME_DIR: join(home, "run") };
  const names = ["--domain", "my-domain", "--repository", "my-repo", "--domain-owner", "123456789012"];
  const command = ["setup", "codeartifact", ...names, "--region", "us-east-1", "--tool", "pip", "--path", path];
  const run = Bun.spawnSync([executable, ...command], { cwd: home, env, stdin: "ignore" });
  if (!run.success) throw new Error(run.stderr.toString());
}
