/** Input and output of the doctor's checks. */
import type { Environment } from "../../base/environment.ts";
import type { StatusReply } from "../../agent/protocol.ts";
import type { Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";

export interface Finding {
  /** The check's name, stable for programs: "session", "npm-registry". */
  check: string;
  status: "ok" | "warn" | "fail";
  /** What was found, in one sentence. */
  found: string;
  /** The next command, or which file to change. */
  remedy?: string;
}

/** The input of all checks, so that tests can pass an artificial machine. */
export interface Machine {
  env: Environment;
  /** The current folder and the home folder, absolute. */
  cwd: string;
  home: string;
  settings: Settings;
  /** The agent's status; undefined if none is running. */
  agent: StatusReply | undefined;
  /** Seconds since 1970. */
  now: number;
}

/** The finding of a check that is as it should be; `found` is a full sentence, as in the others. */
export function ok(check: string, found: string): Finding {
  return { check, status: "ok", found };
}

/** The finding of what may be an obstacle; `remedy` is a command, or what to change. */
export function warning(check: string, found: string, remedy: string): Finding {
  return { check, status: "warn", found, remedy };
}

/** The finding of what keeps Vouch from working; `remedy` as in `warning`. */
export function failure(check: string, found: string, remedy: string): Finding {
  return { check, status: "fail", found, remedy };
}

/** The finding for an error: its message, with its hint as the remedy. */
export function findingOf(check: string, error: unknown): Finding {
  const { message, hint } = VouchError.from(error);
  return failure(check, message, hint ?? "vouch login");
}

/** An environment variable that overrides what `vouch setup` configured. */
export interface VariableRule {
  name: RegExp;
  /** The variable's effect; undefined if this value is harmless. */
  harm: (value: string, machine: Machine, name: string) => Harm | undefined;
}

export type Harm = Pick<Finding, "status" | "found" | "remedy">;

/** A variable that keeps Vouch from working; `found` completes a sentence that begins with its name. */
export const fails = (found: string): Harm => ({ status: "fail", found });
/** A variable that may be an obstacle; `found` as in `fails`; `remedy` where it is not to unset the variable. */
export const warns = (found: string, remedy?: string): Harm => ({
  status: "warn",
  found,
  ...(remedy === undefined ? {} : { remedy }),
});

/** A file of the user in which a tool, or a command that is run for it, may have stored a token. */
export interface TokenPlace {
  path: string;
  tool: string;
  /** The tokens for CodeArtifact in its text, apart from those that are known by their look. May throw. */
  tokens?: (text: string) => TokenLine[];
}

export interface TokenLine {
  /** Counted from 1. */
  line: number;
  /** The remedy, if it is not to delete the token. */
  remedy?: string;
}

/** A CodeArtifact host in a file's text. */
export const codeArtifactHost = /\.codeartifact(?:-fips)?\.[a-z0-9-]+\./;
