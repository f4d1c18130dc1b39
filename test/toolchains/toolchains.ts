/**
 * The package managers of this machine, and what they need in their environment when HOME is a folder of a test:
 * a rustup cargo finds its toolchain by RUSTUP_HOME. (The shims of pyenv know by themselves where their Python is.)
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

export type PackageManager = "cargo" | "pip" | "npm";

export interface InstalledPackageManager {
  /** The absolute path of the program. */
  path: string;
  /** The first line of what `--version` says. */
  version: string;
}

/**
 * A package manager of this machine; undefined where it is not on PATH or does not work (rustup's cargo without a
 * toolchain, a pyenv shim without a Python). `env` is the environment that it will be run in.
 */
export function findPackageManager(
  name: PackageManager,
  env: Record<string, string>,
): InstalledPackageManager | undefined {
  const path = Bun.which(name);
  if (!path) return undefined;
  const run = Bun.spawnSync([path, "--version"], { env, stdin: "ignore", stderr: "ignore", timeout: 30_000 });
  return run.success ? { path, version: run.stdout.toString().split("\n")[0] ?? "" } : undefined;
}

/**
 * A clean environment for package managers: PATH, the locale, and where their toolchains are. Configuration and caches
 * are below `home`, which must exist; nothing of the developer's own gets in.
 */
export function toolchainEnvironment(home: string): Record<string, string> {
  const rustupHome = findRustupHome();
  return {
    PATH: process.env["PATH"] ?? "",
    LANG: process.env["LANG"] ?? "C.UTF-8",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local/share"),
    CARGO_HOME: join(home, ".cargo"),
    ...(rustupHome ? { RUSTUP_HOME: rustupHome, RUSTUP_AUTO_INSTALL: "0" } : {}),
    // Asking for newer versions of themselves would need the network.
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    npm_config_update_notifier: "false",
  };
}

/** Where rustup keeps its toolchains: as it is told, in the home folder, or beside the `.cargo` that cargo is in. */
function findRustupHome(): string | undefined {
  const cargo = Bun.which("cargo");
  const candidates = [
    process.env["RUSTUP_HOME"],
    process.env["HOME"] && join(process.env["HOME"], ".rustup"),
    cargo && join(cargo, "../../../.rustup"),
  ];
  // A rustup that finds no toolchain leaves an empty folder behind in the home folder that it was started with.
  return candidates.find((path) => path && existsSync(join(path, "toolchains"))) || undefined;
}
