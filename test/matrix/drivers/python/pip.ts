/** pip: asks the `keyring` of the shims folder; before 23.1 `vouch exec` gives it the token. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Desk } from "../../desk.ts";
import type { Driver } from "../../cell.ts";
import { pythonPrograms } from "../../installed.ts";
import { expectPackages, foreignIndex, pythonDriver, seedPrivate } from "./packages.ts";

/** Where pip is: in the user's folder, behind the shims, or in an activated virtual environment, before them. */
export type PipPlace = "user" | "environment";

export interface PipWay {
  /** The virtual environment of `.ci/tools` that has the pip. */
  from: string;
  place: PipPlace;
  /** `pip`, `pip3.11`, `python -m pip`, with `vouch exec --` before it where pip asks nobody. */
  command: string[];
}

export function pip({ from, place, command }: PipWay): Driver {
  return pythonDriver({
    setup: ["--tool", "pip"],
    own: { ".config/pip/pip.conf": "# mine\n[global]\ntimeout = 60\n\n[list]\nformat = columns\n" },
    async prepare(desk) {
      const python = join(pythonPrograms(from), "python");
      const base = (await desk.run([python, "-c", "import sys; print(sys.base_prefix)"])).trim();
      const version = (await desk.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])).trim();
      if (place === "user") asUser(desk, from, base, version);
      else await inEnvironment(desk, from, version);
      const said = await desk.run([...command.filter((word) => !/^(vouch|exec|--)$/.test(word)), "--version"]);
      desk.expect("pip", said, desk.home);
      return said.replace(/ from .*\n/, "");
    },
    async install(desk) {
      await seedPrivate(desk);
      const app = desk.project("app", {
        "requirements.txt": `--extra-index-url ${foreignIndex}\n${desk.package}\n${desk.foreign}\n`,
      });
      await desk.run([...command, "install", "--no-cache-dir", "--target", "site", "-r", "requirements.txt"], {
        cwd: app,
      });
      expectPackages(desk, join(app, "site"));
    },
  });
}

/** As `pip install --user pip` leaves it, outside of any virtual environment. */
function asUser(desk: Desk, from: string, base: string, version: string): void {
  const library = join(desk.home, `.local/lib/python${version}/site-packages`);
  const bin = join(desk.home, ".local/bin");
  linkPip(from, version, library);
  mkdirSync(bin, { recursive: true });
  for (const name of ["python", "python3", `python${version}`])
    symlinkSync(join(base, `bin/python${version}`), join(bin, name));
  writeScripts(bin, join(base, `bin/python${version}`), version);
  desk.addToPath([bin]);
}

async function inEnvironment(desk: Desk, from: string, version: string): Promise<void> {
  const environment = join(desk.home, "venv");
  await desk.run([join(pythonPrograms(from), "python"), "-m", "venv", "--without-pip", environment]);
  linkPip(from, version, join(environment, `lib/python${version}/site-packages`));
  writeScripts(join(environment, "bin"), join(environment, "bin/python"), version);
  desk.env["VIRTUAL_ENV"] = environment;
  desk.addToPath([join(environment, "bin")], { first: true });
}

/** Links to the installed pip and what says its version. */
function linkPip(from: string, version: string, library: string): void {
  const installed = join(pythonPrograms(from), `../lib/python${version}/site-packages`);
  mkdirSync(library, { recursive: true });
  for (const name of readdirSync(installed).filter((one) => /^pip$|^pip-.*\.dist-info$/.test(one))) {
    symlinkSync(join(installed, name), join(library, name));
  }
}

/** The scripts that pip's installation writes. */
function writeScripts(bin: string, python: string, version: string): void {
  for (const name of ["pip", "pip3", `pip${version}`]) {
    const path = join(bin, name);
    writeFileSync(path, `#!${python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n`);
    chmodSync(path, 0o755);
  }
}
