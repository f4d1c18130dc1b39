/** What a cell of the matrix is: one version of a package manager, started in one way, that installs and publishes. */
import type { RegistryFormat } from "../sandbox/registries/repositories.ts";
import type { Desk } from "./desk.ts";

export interface Cell {
  /** The package manager, as `--only` names it. */
  tool: string;
  /** Unique, and what a person reads: "npm 9 on Node 18". */
  name: string;
  /** Slow or rare: only with `--full`. */
  full?: boolean;
  /** Files and folders without which it cannot run: paths, and programs on PATH. */
  needs: string[];
  /** The command that installs them, where it is not `.ci/run`. */
  installer?: string;
  /** Publishes with a role for publishing: nothing without a terminal, then by a touch of the security key. */
  byTouch?: boolean;
  /** The limit of the whole cell, where it is not the usual one. */
  limitMs?: number;
  driver: Driver;
}

/** How a package manager is driven. Each function throws where something is not as it must be. */
export interface Driver {
  /** The format whose registry it uses. */
  format: RegistryFormat;
  /** What `vouch setup codeartifact` gets after domain and repository; without `--tool` nothing is set up. */
  setup: string[];
  /** Files of the home folder that its user has already: path and text. */
  own: Record<string, string>;
  /** Puts its programs first on the desk's PATH and says which version they are. */
  prepare(desk: Desk): Promise<string>;
  /** Publishes `desk.package` to the repository; absent where the package manager cannot publish. */
  publish?(desk: Desk): Promise<void>;
  /** A path below the repository's endpoint that is answered once the package is published. */
  publishedAt?(desk: Desk): string;
  /**
   * Installs `desk.package` from the repository and, where the package manager can have two registries, `desk.foreign`
   * from somebody else's in the same command. Absent where the package manager only publishes.
   */
  install?(desk: Desk): Promise<void>;
}
