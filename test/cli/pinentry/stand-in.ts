/** Makes the stand-in an executable file, and reads what it was sent. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shellWord } from "../../../src/base/words/shell-word.ts";

export interface Script {
  /** The file that gets every line that comes. */
  log: string;
  greeting?: string;
  /** What each command is answered, the last one again and again; "HANG" for nothing, "EXIT" for its end. Else OK. */
  answers: Record<string, string[]>;
}

export interface StandIn {
  file: string;
  env: Record<string, string | undefined>;
  /** The lines that have come so far. */
  lines: () => string[];
}

/** The stand-in in the folder, and the environment by which it answers so. */
export function standIn(folder: string, answers: Script["answers"], greeting?: string): StandIn {
  const [file, log] = [join(folder, "pinentry"), join(folder, "pinentry.log")];
  const program = join(import.meta.dir, "programs/stand-in.ts");
  writeFileSync(file, `#!/bin/sh\nexec ${[process.execPath, program].map(shellWord).join(" ")} "$@"\n`);
  chmodSync(file, 0o755);
  const script: Script = { log, answers, ...(greeting === undefined ? {} : { greeting }) };
  return {
    file,
    env: { PATH: process.env["PATH"], HOME: folder, PINENTRY_USER_DATA: JSON.stringify(script) },
    lines: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : []),
  };
}
