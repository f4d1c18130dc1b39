/**
 * The only error class of Vouch: a stable code, a message (what and why), a hint (the next command). Lower layers throw
 * it, one border translates it: the command line to text and an exit code, the agent and the server to JSON, the
 * helpers to messages of their protocol. This file has no imports.
 */

/** All error codes, with the command's exit code. */
const exitCodes = {
  // 1: failure
  internal_error: 1,
  settings_invalid: 1,
  settings_missing: 1,
  file_error: 1,
  output_failed: 1,
  edit_conflict: 1,
  not_configured: 1,
  agent_unavailable: 1,
  agent_untrusted: 1,
  protocol_error: 1,
  aws_error: 1,
  aws_not_found: 1,
  server_error: 1,
  credential_not_found: 1,
  session_not_found: 1,
  person_not_found: 1,
  person_disabled: 1,
  group_not_found: 1,
  signing_key_not_found: 1,
  identity_not_found: 1,
  identity_taken: 1,
  profile_not_found: 1,
  scim_token_not_found: 1,
  limit_reached: 1,
  name_taken: 1,
  platform_unsupported: 1,
  // 2: usage
  usage: 2,
  // 3: no security key that can be used
  security_key_missing: 3,
  security_key_permission: 3,
  security_key_busy: 3,
  security_key_removed: 3,
  security_key_unsupported: 3,
  security_key_full: 3,
  security_key_error: 3,
  touch_timeout: 3,
  touch_pending: 3,
  // 4: login needed
  login_needed: 4,
  session_expired: 4,
  identity_unavailable: 4,
  // 5: denied
  pin_invalid: 5,
  pin_auth_blocked: 5,
  pin_blocked: 5,
  pin_not_set: 5,
  pin_policy: 5,
  user_verification_failed: 5,
  no_credential: 5,
  credential_excluded: 5,
  last_credential: 5,
  last_administrator: 5,
  login_denied: 5,
  enrollment_denied: 5,
  access_denied: 5,
  project_untrusted: 5,
  touch_needed: 5,
  // 6: network
  network: 6,
  timeout: 6,
  // the request went out, and its answer was lost: it may have been done
  outcome_unknown: 6,
  // as shells do
  command_not_executable: 126,
  command_not_found: 127,
  cancelled: 130,
} as const;

export type ErrorCode = keyof typeof exitCodes;

/** Serialized form of an error between processes. */
export interface WireError {
  code: string;
  message: string;
  hint?: string;
  /** Between agent and command line alone. */
  guidedHint?: string;
}

interface ErrorOptions {
  /** The next command. */
  hint?: string | undefined;
  /** The hint in the guided set-up (`vouch enroll`), where it is another. */
  guidedHint?: string | undefined;
  cause?: unknown;
}

export class VouchError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly guidedHint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VouchError";
    this.code = code;
    this.hint = options.hint;
    this.guidedHint = options.guidedHint;
  }

  /** The command's exit code for this error (0 to 255). */
  get exitCode(): number {
    return exitCodes[this.code];
  }

  /** Serializes code, message and hint, without the cause. */
  toWire(): WireError {
    return this.hint === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, hint: this.hint };
  }

  /** Deserializes an error of another process. An unknown code, as from a newer version, becomes `internal_error`. */
  static fromWire(wire: WireError): VouchError {
    const code = Object.hasOwn(exitCodes, wire.code) ? (wire.code as ErrorCode) : "internal_error";
    return new VouchError(code, wire.message, { hint: wire.hint, guidedHint: wire.guidedHint });
  }

  /** Converts any thrown value; what is not a VouchError becomes `internal_error` with the value as its cause. */
  static from(value: unknown): VouchError {
    if (value instanceof VouchError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new VouchError("internal_error", message, { cause: value });
  }
}

/** Whether the value has the form of a WireError. */
export function isWireError(value: unknown): value is WireError {
  if (typeof value !== "object" || value === null) return false;
  const { code, message, hint, guidedHint } = value as Record<string, unknown>;
  const areHints = [hint, guidedHint].every((each) => each === undefined || typeof each === "string");
  return typeof code === "string" && typeof message === "string" && areHints;
}
