/** The shims folder in interactive shells in which the real version managers change PATH. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { requires, requiresPath } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { interactive, requiresShell, shells } from "../../tools/shell/interactive.ts";
import { setUpPip } from "./set-up-pip.ts";

const tools = join(import.meta.dir, "../../../.tools");
const mise = join(tools, `mise/node_modules/@jdxcode/mise-linux-${process.arch}/bin/mise`);
const fnm = join(tools, "fnm/bin/fnm");
const pyenv = Bun.which("pyenv") ?? "pyenv";

interface Manager {
  isThere: () => boolean;
  /** The line of its documentation for the start file. */
  activation: Record<string, string>;
  env: (home: string) => Record<string, string>;
  /** The programs and files that it works with; its pip writes `pip of NAME`. */
  prepare: (home: string, env: Record<string, string>) => void;
  /** What makes it put its folder first, and what takes it away; pip is called in between. */
  use: string;
  leave: string;
}

const managers: Record<string, Manager> = {
  mise: {
    isThere: () => requiresPath(mise, ".ci/tools mise"),
    activation: {
      bash: `eval "$(${mise} activate bash)"`,
      zsh: `eval "$(${mise} activate zsh)"`,
      fish: `${mise} activate fish | source`,
    },
    env: (home) => ({ MISE_TRUSTED_CONFIG_PATHS: home }),
    prepare(home) {
      write(home, "project/mise.toml", '[env]\n_.path = ["./bin"]\n');
      writePip(home, "project/bin", "mise");
    },
    use: "cd ~/project",
    leave: "cd ~",
  },
  direnv: {
    isThere: () => requires("direnv"),
    activation: {
      bash: 'eval "$(direnv hook bash)"',
      zsh: 'eval "$(direnv hook zsh)"',
      fish: "direnv hook fish | source",
    },
    env: () => ({}),
    prepare(home, env) {
      write(home, "project/.envrc", "PATH_add bin\n");
      writePip(home, "project/bin", "direnv");
      const allowed = Bun.spawnSync(["direnv", "allow", join(home, "project")], { env });
      if (!allowed.success) throw new Error(allowed.stderr.toString());
    },
    use: "cd ~/project",
    leave: "cd ~",
  },
  fnm: {
    isThere: () => requiresPath(fnm, ".ci/tools fnm"),
    activation: {
      bash: `eval "$(${fnm} env --use-on-cd --shell bash)"`,
      zsh: `eval "$(${fnm} env --use-on-cd --shell zsh)"`,
      fish: `${fnm} env --use-on-cd --shell fish | source`,
    },
    env: (home) => ({ FNM_DIR: join(home, "fnm"), PATH: `${dirname(fnm)}:/usr/bin:/bin` }),
    prepare(home) {
      for (const version of ["v20.0.0", "v22.0.0"]) {
        write(home, `fnm/node-versions/${version}/installation/bin/node`, `#!/bin/sh\necho ${version}\n`, 0o755);
      }
      writePip(home, "fnm/node-versions/v22.0.0/installation/bin", "fnm");
      write(home, "project/.node-version", "22.0.0\n");
    },
    use: "cd ~/project",
    leave: "fnm use 20",
  },
  pyenv: {
    isThere: () => requires("pyenv"),
    activation: {
      bash: `eval "$(${pyenv} init - bash)"`,
      zsh: `eval "$(${pyenv} init - zsh)"`,
      fish: `${pyenv} init - fish | source`,
    },
    env: (home) => ({ PYENV_ROOT: join(home, "pyenv"), PATH: `${dirname(pyenv)}:/usr/bin:/bin` }),
    prepare(home) {
      writePip(home, "pyenv/versions/3.98.0/bin", "another Python");
      writePip(home, "pyenv/versions/3.99.0/bin", "pyenv");
      write(home, "pyenv/version", "3.98.0\n");
    },
    use: "pyenv shell 3.99.0",
    leave: "pyenv shell 3.98.0",
  },
};

function write(home: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
  chmodSync(join(home, path), mode);
}

function writePip(home: string, folder: string, name: string): void {
  write(home, join(folder, "pip"), `#!/bin/sh\necho pip of ${name}\n`, 0o755);
}

describe.each(["bash", "zsh", "fish"])("in %s", (shell) => {
  const orders = shell === "fish" ? ["behind"] : ["behind", "before"];
  const rows = Object.entries(managers).flatMap(([name, manager]) =>
    orders.map((order) => [name, order, manager] as const),
  );

  test.each(rows)(
    "the shims stay before %s, whose line is %s the hook, and start its pip",
    async (name, order, manager) => {
      if (!requiresShell(shell) || !manager.isThere()) return;
      using folder = tempFolder();
      const home = folder.path;
      const env = { PATH: "/usr/bin:/bin", ...manager.env(home) };
      writePip(home, "other", "nobody");
      env.PATH = `${join(home, "other")}:${env.PATH}`;
      manager.prepare(home, { ...env, HOME: home, XDG_CONFIG_HOME: join(home, ".config") });
      const startFile = join(home, shells[shell]!.startFile);
      mkdirSync(dirname(startFile), { recursive: true });
      if (order === "before") appendFileSync(startFile, `${manager.activation[shell]!}\n`);
      setUpPip(home, shell, env.PATH);
      if (order === "behind") appendFileSync(startFile, `${manager.activation[shell]!}\n`);
      const which = "command -v keyring pip >>$ANSWERS";
      const typed = [which, manager.use, which, "pip >>$ANSWERS", manager.leave, which, "pip >>$ANSWERS"];
      const { answers, screen } = await interactive(shell, { home, typed, env });
      const shims = ["keyring", "pip"].map((program) => join(home, ".local/share/vouch/shims", program));
      const others = name === "pyenv" ? "pip of another Python" : "pip of nobody";
      const expected = [...shims, ...shims, `pip of ${name}`, ...shims, others];
      expect(answers, screen).toEqual(expected);
    },
  );
});

test.each(["bash", "zsh", "fish"])(
  "a virtual environment in %s has its own pip behind the shims, and leaves",
  async (shell) => {
    if (!requiresShell(shell) || !requires("python3")) return;
    using folder = tempFolder();
    const home = folder.path;
    const made = Bun.spawnSync(["/usr/bin/python3", "-m", "venv", "--without-pip", join(home, "venv")]);
    if (!made.success) throw new Error(made.stderr.toString());
    writePip(home, "venv/bin", "venv");
    writePip(home, "other", "nobody");
    const PATH = `${join(home, "other")}:/usr/bin:/bin`;
    setUpPip(home, shell, PATH);
    const activate = `. ~/venv/bin/activate${shell === "fish" ? ".fish" : ""}`;
    const typed = [activate, "command -v pip >>$ANSWERS", "pip >>$ANSWERS", "deactivate", "pip >>$ANSWERS"];
    const { answers } = await interactive(shell, { home, typed, env: { PATH } });
    expect(answers).toEqual([join(home, ".local/share/vouch/shims/pip"), "pip of venv", "pip of nobody"]);
  },
);

test.each(["bash", "zsh"])(
  "in %s, after a `cd` on the same line, mise has no program before the shims",
  async (shell) => {
    const manager = managers["mise"]!;
    if (!requiresShell(shell) || !manager.isThere()) return;
    using folder = tempFolder();
    const home = folder.path;
    manager.prepare(home, {});
    setUpPip(home, shell, "/usr/bin:/bin");
    appendFileSync(join(home, shells[shell]!.startFile), `${manager.activation[shell]!}\n`);
    const typed = ["cd ~/project && command -v pip >>$ANSWERS && pip >>$ANSWERS"];
    const { answers, screen } = await interactive(shell, { home, typed, env: manager.env(home) });
    expect(answers, screen).toEqual([join(home, ".local/share/vouch/shims/pip"), "pip of mise"]);
  },
);
