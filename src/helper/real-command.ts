/** Finds and becomes the command that a shim stands in front of. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { VouchError } from "../errors.ts";

type Environment = Record<string, string | undefined>;

/** The next executable of that name on PATH that is not Vouch itself; undefined when there is none. */
export function findRealCommand(name: string, path: string | undefined = process.env["PATH"]): string | undefined {
  for (const folder of (path ?? "").split(":")) {
    // An empty or relative entry means the current folder, which is hostile.
    if (!folder.startsWith("/")) continue;
    const candidate = `${folder}/${name}`;
    if (isExecutable(candidate) && !isVouch(candidate)) return candidate;
  }
  return undefined;
}

/** Replaces this process by the command (its path in `file`). Returns only by throwing `command_not_executable`. */
export function become(file: string, args: string[], env: Environment = process.env): never {
  // The process id survives execve: a command that leads back here would start over for ever.
  const marker = `${file}@${process.pid}`;
  if (env["VOUCH_SHIM"] === marker) {
    throw new VouchError("command_not_executable", `${file} leads back to Vouch.`, {
      hint: "Run `vouch doctor` to see the order of PATH.",
    });
  }
  const defined = Object.entries({ ...env, VOUCH_SHIM: marker }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    process.execve!(file, [file, ...args], Object.fromEntries(defined));
  } catch (error) {
    throw new VouchError("command_not_executable", `${file} cannot be started: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  throw new VouchError("command_not_executable", `${file} cannot be started.`);
}

/** Becomes the real command behind a shim, or throws `command_not_found`. */
export function becomeRealCommand(name: string, args: string[], env: Environment = process.env): never {
  const file = findRealCommand(name, env["PATH"]);
  if (file !== undefined) become(file, args, env);
  throw new VouchError("command_not_found", `No other ${name} stands on PATH behind Vouch's.`, {
    hint: `Install ${name}, or take Vouch's shims folder off PATH.`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isVouch(path: string): boolean {
  const real = realpathSync(path);
  return real === realpathSync(process.execPath) || real.endsWith("/vouch");
}
