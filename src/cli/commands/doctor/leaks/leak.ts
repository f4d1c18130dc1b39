/** What the search for tokens returns. */
import type { PlaceKind } from "./places.ts";

export interface FileLeak {
  place: "file";
  path: string;
  kind: PlaceKind;
  /** Counted from 1; undefined in a file that has no lines. */
  line: number | undefined;
  /** When the file was changed last: the token is older. Seconds since 1970. */
  changed: number;
}

export interface ProcessLeak {
  place: "process";
  pid: number;
  /** The name of its program. */
  name: string;
  /** The environment variable; undefined for an argument. */
  variable: string | undefined;
}

/** A token where it should not be. */
export type Leak = (FileLeak | ProcessLeak) & {
  /** Whether it has the form of a token; otherwise only the agent can know it for one. */
  hasForm: boolean;
  /** Undefined where only its line is known, by what the package manager takes for a password. */
  token: string | undefined;
  /** What to do, if the place's own package manager knows it. */
  remedy?: string;
};

/** What was looked at. */
export interface Searched {
  files: number;
  processes: number;
  /** What was not, and why, to complete a sentence. */
  skipped: { what: string; why: string }[];
}
