/** Which pip stands on PATH, and whether it asks a program `keyring`: it does from 23.1 on. */

export interface PipVersion {
  /** As pip says it, "23.0.1". */
  version: string;
  asksKeyring: boolean;
}

/** Asking takes a quarter of a second; the limit is for a pip that hangs. */
const timeoutMs = 10_000;

/** The version of the first `pip` or `pip3` on PATH; undefined when there is none or it does not say. */
export function pipVersion(env: Record<string, string | undefined>): PipVersion | undefined {
  const path = { PATH: env["PATH"] ?? "" };
  const pip = Bun.which("pip", path) ?? Bun.which("pip3", path);
  if (pip === null) return undefined;
  try {
    const { stdout } = Bun.spawnSync([pip, "--version"], {
      env,
      stdin: "ignore",
      stderr: "ignore",
      timeout: timeoutMs,
    });
    return parsePipVersion(stdout.toString());
  } catch {
    // It cannot be started: a virtual environment that was moved, a Python that is gone.
    return undefined;
  }
}

/** Reads what `pip --version` says: "pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11)". */
export function parsePipVersion(text: string): PipVersion | undefined {
  const [, version, major, minor] = /^pip ((\d+)\.(\d+)\S*)/.exec(text) ?? [];
  if (version === undefined) return undefined;
  return { version, asksKeyring: Number(major) > 23 || (Number(major) === 23 && Number(minor) >= 1) };
}

/** What someone with a pip that is too old is told, and what to do; undefined when pip asks or there is none. */
export function oldPip(env: Record<string, string | undefined>): { found: string; remedy: string } | undefined {
  const pip = pipVersion(env);
  if (pip === undefined || pip.asksKeyring) return undefined;
  return {
    found: `pip ${pip.version} asks no keyring program (pip 23.1 and later do), so it gets no token by itself.`,
    remedy:
      "Use `vouch exec -- pip install …`, or a newer pip (a virtual environment and `pip install --upgrade pip`).",
  };
}
