/**
 * The version of the pip on PATH, and when it runs a program `keyring`: from 23.1 for URLs with a user name, from 26.2
 * for every URL.
 */
import type { Environment } from "../../base/environment.ts";
import { trace } from "../../base/trace.ts";
import { findOnPath, withSafePath } from "../../base/system/path.ts";

export interface PipVersion {
  /** In pip's own form, "23.0.1". */
  version: string;
  asksKeyring: boolean;
  /** Whether it also asks for a URL without a user name. */
  asksWithoutUserName: boolean;
}

/** Timeout in milliseconds; asking takes a quarter of a second. */
const timeoutMs = 10_000;

/** The version of the first `pip` or `pip3` on PATH; undefined if there is none, or if it prints no version. */
export function pipVersion(env: Environment): PipVersion | undefined {
  const pip = findOnPath("pip", env) ?? findOnPath("pip3", env);
  if (pip === undefined) return undefined;
  trace("program", `${pip} --version`);
  try {
    const said = Bun.spawnSync([pip, "--version"], {
      env: withSafePath(env),
      stdin: "ignore",
      stderr: "ignore",
      timeout: timeoutMs,
    });
    return parsePipVersion(said.stdout.toString());
  } catch {
    // A script whose interpreter is gone, as in a virtual environment that was moved.
    return undefined;
  }
}

/** Parses the output of `pip --version`: "pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11)". */
export function parsePipVersion(text: string): PipVersion | undefined {
  const [, version, major, minor] = /^pip ((\d+)\.(\d+)\S*)/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const isFrom = (year: number, release: number): boolean =>
    Number(major) > year || (Number(major) === year && Number(minor) >= release);
  return { version, asksKeyring: isFrom(23, 1), asksWithoutUserName: isFrom(26, 2) };
}

/**
 * The warning and remedy for a pip that is too old; undefined if pip asks keyring, or if there is none. `pip` is the
 * result of `pipVersion`.
 */
export function oldPip(
  env: Environment,
  pip: PipVersion | undefined = pipVersion(env),
): { found: string; remedy: string } | undefined {
  if (pip === undefined || pip.asksKeyring) return undefined;
  return {
    found: `pip ${pip.version} asks no keyring program (pip 23.1 and later do), so it gets no token by itself.`,
    remedy:
      "Use `vouch exec -- pip install …`, or a newer pip (a virtual environment and `pip install --upgrade pip`).",
  };
}
