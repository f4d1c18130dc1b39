/**
 * Which pip stands on PATH, and when it asks a program `keyring`: from 23.1 on for a URL with a user name, from 26.2 on for
 * every URL.
 */
import { trace } from "../../base/trace.ts";
import { findOnPath } from "../../base/system/path.ts";

export interface PipVersion {
  /** As pip says it, "23.0.1". */
  version: string;
  asksKeyring: boolean;
  /** Whether it asks also for a URL without a user name. */
  asksWithoutUserName: boolean;
}

/** Asking takes a quarter of a second; the limit is for a pip that hangs. */
const timeoutMs = 10_000;

/** The version of the first `pip` or `pip3` on PATH; undefined when there is none or it does not say. */
export function pipVersion(env: Record<string, string | undefined>): PipVersion | undefined {
  const pip = findOnPath("pip", env) ?? findOnPath("pip3", env);
  if (pip === undefined) return undefined;
  trace("program", `${pip} --version`);
  try {
    const said = Bun.spawnSync([pip, "--version"], { env, stdin: "ignore", stderr: "ignore", timeout: timeoutMs });
    return parsePipVersion(said.stdout.toString());
  } catch {
    // A script whose interpreter is gone, as in a virtual environment that was moved.
    return undefined;
  }
}

/** Reads what `pip --version` says: "pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11)". */
export function parsePipVersion(text: string): PipVersion | undefined {
  const [, version, major, minor] = /^pip ((\d+)\.(\d+)\S*)/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const isFrom = (year: number, release: number): boolean =>
    Number(major) > year || (Number(major) === year && Number(minor) >= release);
  return { version, asksKeyring: isFrom(23, 1), asksWithoutUserName: isFrom(26, 2) };
}

/** What someone with a pip that is too old is told, and what to do; undefined when pip asks or there is none. `pip` is what `pipVersion` says. */
export function oldPip(
  env: Record<string, string | undefined>,
  pip: PipVersion | undefined = pipVersion(env),
): { found: string; remedy: string } | undefined {
  if (pip === undefined || pip.asksKeyring) return undefined;
  return {
    found: `pip ${pip.version} asks no keyring program (pip 23.1 and later do), so it gets no token by itself.`,
    remedy:
      "Use `vouch exec -- pip install …`, or a newer pip (a virtual environment and `pip install --upgrade pip`).",
  };
}
