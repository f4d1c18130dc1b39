/** What the doctor looks at and what it says. */
import type { StatusReply } from "../agent/protocol.ts";
import type { Settings } from "../settings/settings.ts";
import { VouchError } from "../base/errors.ts";

export interface Finding {
  /** The name of the check, stable for programs: "session", "npm-registry". */
  check: string;
  status: "ok" | "warn" | "fail";
  /** What was found, in one sentence. */
  found: string;
  /** The next command, or what to change where. */
  remedy?: string;
}

/** Everything a check looks at, so that it can be given a made-up machine. */
export interface Patient {
  env: Record<string, string | undefined>;
  /** The current folder and the home folder, absolute. */
  cwd: string;
  home: string;
  settings: Settings;
  /** What the agent says of itself; undefined when none is running. */
  agent: StatusReply | undefined;
  /** Seconds since 1970. */
  now: number;
}

export function ok(check: string, found: string): Finding {
  return { check, status: "ok", found };
}

export function warning(check: string, found: string, remedy: string): Finding {
  return { check, status: "warn", found, remedy };
}

export function failure(check: string, found: string, remedy: string): Finding {
  return { check, status: "fail", found, remedy };
}

/** The finding that an error is: its message, with its hint as the remedy. */
export function findingOf(check: string, error: unknown): Finding {
  const { message, hint } = VouchError.from(error);
  return failure(check, message, hint ?? "vouch login");
}
