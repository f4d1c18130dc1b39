/** Places in which PATH is not the shell's, by a variable that each of them sets. */
import type { Environment } from "../../../../base/environment.ts";
import { failure, type Finding } from "../../../../tools/checks/finding.ts";

interface Place {
  variable: string;
  name: string;
  /** What puts the shims folder first there. */
  remedy: (shims: string) => string;
}

const places: Place[] = [
  {
    variable: "TOX_ENV_NAME",
    name: "tox",
    remedy: (shims) => `In tox.ini, below [testenv]: set_env = PATH={env_bin_dir}:${shims}:{env:PATH}`,
  },
  {
    variable: "NOX_CURRENT_SESSION",
    name: "nox",
    remedy: (shims) => `In noxfile.py: session.env["PATH"] = "${shims}:" + os.environ["PATH"]`,
  },
  {
    variable: "PRE_COMMIT",
    name: "pre-commit",
    remedy: (shims) => `PATH=${shims}:"$PATH" pre-commit install-hooks`,
  },
  {
    variable: "MAKELEVEL",
    name: "make",
    remedy: (shims) => `In the Makefile: export PATH := ${shims}:$(PATH)`,
  },
];

/** The place by whose environment this process runs; undefined if none of those is known. */
export function placeOf(env: Environment): Place | undefined {
  return places.find(({ variable }) => env[variable]);
}

/** A finding for a person behind sudo: another user, to whom the agent does not answer. */
export function checkSudo(env: Environment): Finding[] {
  const { SUDO_UID: uid, SUDO_USER: user } = env;
  if (!user || !uid || uid === "0" || uid === String(process.getuid?.())) return [];
  const said = "sudo runs this as another user, with PATH and home folder of that user: your session is not for it";
  return [failure("path", `${said}.`, "Run the package manager as yourself, without sudo.")];
}
