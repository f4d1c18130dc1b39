/** What a helper or shim without a session tells the command line, which asks the person or waits. No imports at run time. */
import type { PackageFormat } from "./package-format.ts";

/** The argument by which a helper starts this executable to have a session, with a `LoginNeed` as JSON on stdin. */
export const loginArgument = "--log-in-first";

/** Exit codes of that: there is a session; there is none; the person has refused. */
export const loginExit = { session: 0, none: 4, refused: 130 } as const;

export interface LoginNeed {
  /** A shim, `vouch exec`: nothing foreign runs yet. A helper: a package manager has started it, and prints meanwhile. */
  by: "shim" | "helper";
  /** The program that needs it, as a person calls it. */
  name: string;
  /** Only where an endpoint of that format, or one that one of the URLs lies in, is set up. */
  format?: PackageFormat;
  urls?: readonly string[];
}

/** With what the helper itself sees. */
export interface LoginRequest extends LoginNeed {
  /** Whether its stdin is a terminal: a script's is often not. */
  readsTerminal: boolean;
  /** Whether its stderr is one: an editor's build shows it elsewhere, and later. */
  writesTerminal: boolean;
  /** The process that waits for the helper, and for it alone. */
  holder: number;
  /** The profile at whose server the session is missing; the default one without. */
  profile?: string;
}
