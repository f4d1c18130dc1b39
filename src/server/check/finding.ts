/** What `vouch server check` says about one thing. */
import { VouchError } from "../../base/errors.ts";
import type { Settings } from "../configuration/table.ts";

export interface Finding {
  /** What was looked at. */
  check: string;
  /** An error keeps the server from starting or from doing its work. */
  level: "ok" | "warning" | "error";
  message: string;
  hint?: string;
}

/** Whether the values of all of these are right: each that is wrong is reported for itself, and nothing that follows. */
export function areRight(settings: Partial<Settings>, names: readonly string[]): boolean {
  return names.every((name) => name in settings);
}

/** The finding of an error. Errors of the program itself are thrown on. */
export function failed(check: string, error: unknown): Finding {
  const { code, message, hint } = VouchError.from(error);
  if (code === "internal_error") throw error;
  return { check, level: "error", message, ...(hint === undefined ? {} : { hint }) };
}

export function ok(check: string, message: string): Finding {
  return { check, level: "ok", message };
}

export function warning(check: string, message: string, hint?: string): Finding {
  return { check, level: "warning", message, ...(hint === undefined ? {} : { hint }) };
}

export function problem(check: string, message: string, hint?: string): Finding {
  return { check, level: "error", message, ...(hint === undefined ? {} : { hint }) };
}
