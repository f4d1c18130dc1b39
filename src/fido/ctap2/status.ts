/** CTAP status codes (CTAP 2.1 section 8.2) and their translation to VouchError, the only one. */
import { type ErrorCode, VouchError } from "../../base/errors.ts";

const statusBytes = {
  OK: 0x00,
  INVALID_COMMAND: 0x01,
  INVALID_PARAMETER: 0x02,
  INVALID_LENGTH: 0x03,
  INVALID_SEQ: 0x04,
  TIMEOUT: 0x05,
  CHANNEL_BUSY: 0x06,
  LOCK_REQUIRED: 0x0a,
  INVALID_CHANNEL: 0x0b,
  CBOR_UNEXPECTED_TYPE: 0x11,
  INVALID_CBOR: 0x12,
  MISSING_PARAMETER: 0x14,
  LIMIT_EXCEEDED: 0x15,
  FP_DATABASE_FULL: 0x17,
  LARGE_BLOB_STORAGE_FULL: 0x18,
  CREDENTIAL_EXCLUDED: 0x19,
  PROCESSING: 0x21,
  INVALID_CREDENTIAL: 0x22,
  USER_ACTION_PENDING: 0x23,
  OPERATION_PENDING: 0x24,
  NO_OPERATIONS: 0x25,
  UNSUPPORTED_ALGORITHM: 0x26,
  OPERATION_DENIED: 0x27,
  KEY_STORE_FULL: 0x28,
  UNSUPPORTED_OPTION: 0x2b,
  INVALID_OPTION: 0x2c,
  KEEPALIVE_CANCEL: 0x2d,
  NO_CREDENTIALS: 0x2e,
  USER_ACTION_TIMEOUT: 0x2f,
  NOT_ALLOWED: 0x30,
  PIN_INVALID: 0x31,
  PIN_BLOCKED: 0x32,
  PIN_AUTH_INVALID: 0x33,
  PIN_AUTH_BLOCKED: 0x34,
  PIN_NOT_SET: 0x35,
  PUAT_REQUIRED: 0x36,
  PIN_POLICY_VIOLATION: 0x37,
  PIN_TOKEN_EXPIRED: 0x38,
  REQUEST_TOO_LARGE: 0x39,
  ACTION_TIMEOUT: 0x3a,
  UP_REQUIRED: 0x3b,
  UV_BLOCKED: 0x3c,
  INTEGRITY_FAILURE: 0x3d,
  INVALID_SUBCOMMAND: 0x3e,
  UV_INVALID: 0x3f,
  UNAUTHORIZED_PERMISSION: 0x40,
  OTHER: 0x7f,
} as const;

export type CtapStatus = keyof typeof statusBytes;

const statusNames = new Map<number, CtapStatus>(
  Object.entries(statusBytes).map(([name, byte]) => [byte, name as CtapStatus]),
);

interface Meaning {
  code: ErrorCode;
  message: string;
  hint?: string;
}

const touchTimeout: Meaning = {
  code: "touch_timeout",
  message: "The security key was not touched in time.",
  hint: "Repeat the command and touch the key when it blinks.",
};

const verificationFailed: Meaning = {
  code: "user_verification_failed",
  message: "The security key could not verify its user.",
  hint: "Repeat the command; use the PIN if the key has one.",
};

/** The key rejects an expired token or authorization; the PIN itself is not wrong. */
const authorizationLost: Meaning = {
  code: "user_verification_failed",
  message: "The security key no longer accepts the verification of its user.",
  hint: "Take the security key out, plug it in again and repeat the command.",
};

const busy: Meaning = {
  code: "security_key_busy",
  message: "The security key is busy with another request.",
  hint: "End the other program's use of the key, then repeat the command.",
};

const noCredential: Meaning = {
  code: "no_credential",
  message: "This security key has no credential for the Vouch server.",
  hint: "Plug in the security key that is enrolled. This one is enrolled with `vouch keys add` after a login with that one, or with `vouch enroll` and a new code.",
};

const tooLarge: Meaning = {
  code: "security_key_unsupported",
  message: "The request is larger than this security key takes.",
  hint: "Use another security key, and tell the people who run your Vouch server.",
};

const meanings: Partial<Record<CtapStatus, Meaning>> = {
  INVALID_LENGTH: tooLarge,
  LIMIT_EXCEEDED: tooLarge,
  REQUEST_TOO_LARGE: tooLarge,
  CHANNEL_BUSY: busy,
  LOCK_REQUIRED: busy,
  OPERATION_PENDING: busy,
  USER_ACTION_PENDING: busy,
  CREDENTIAL_EXCLUDED: {
    code: "credential_excluded",
    message: "This security key is already enrolled.",
    hint: "Log in with `vouch login`, or enroll another security key.",
  },
  KEY_STORE_FULL: {
    code: "security_key_full",
    message: "The security key has no room for another credential.",
    hint: "Delete one that you no longer need: `vouch keys clean` (those of other services: `ykman fido credentials delete`, `fido2-token -D`), or use another security key.",
  },
  UNSUPPORTED_ALGORITHM: {
    code: "security_key_unsupported",
    message: "The security key offers none of the signature algorithms that the server accepts.",
    hint: "Use a security key that supports ES256.",
  },
  UNSUPPORTED_OPTION: {
    code: "security_key_unsupported",
    message: "The security key does not support what this request needs.",
    hint: "Use a FIDO2 security key that can store credentials.",
  },
  OPERATION_DENIED: {
    code: "user_verification_failed",
    message: "The request was declined on the security key.",
    hint: "Repeat the command and confirm on the key.",
  },
  NOT_ALLOWED: {
    code: "security_key_error",
    message: "The security key does not allow this request now.",
    hint: "Take the security key out, plug it in again and repeat the command.",
  },
  KEEPALIVE_CANCEL: { code: "cancelled", message: "Cancelled." },
  NO_CREDENTIALS: noCredential,
  INVALID_CREDENTIAL: noCredential,
  TIMEOUT: touchTimeout,
  USER_ACTION_TIMEOUT: touchTimeout,
  ACTION_TIMEOUT: touchTimeout,
  UP_REQUIRED: touchTimeout,
  PIN_INVALID: { code: "pin_invalid", message: "Wrong PIN.", hint: "Repeat the command." },
  PIN_BLOCKED: {
    code: "pin_blocked",
    message: "The PIN of this security key is blocked after too many wrong ones.",
    hint:
      "Log in with another enrolled security key. Only a reset makes this one usable again, and it deletes every credential on it, " +
      "those of other sites too: `vouch keys reset`. After it run `vouch enroll` with a new code.",
  },
  PIN_AUTH_BLOCKED: {
    code: "pin_auth_blocked",
    message: "The security key takes no more PINs after three wrong ones in a row.",
    hint: "Take the security key out, plug it in again and repeat the command.",
  },
  PIN_NOT_SET: {
    code: "pin_not_set",
    message: "This security key has no PIN, and Vouch accepts no key without one.",
    hint: "Repeat the command and set one, or set it with `vouch keys pin`.",
  },
  PIN_POLICY_VIOLATION: {
    code: "pin_policy",
    message: "The security key refuses the PIN by its own rules or those of its administrator.",
    hint: "Ask whoever gave you the key for its rules, then set the PIN with `vouch keys pin`.",
  },
  PIN_AUTH_INVALID: authorizationLost,
  PIN_TOKEN_EXPIRED: authorizationLost,
  UNAUTHORIZED_PERMISSION: {
    code: "security_key_unsupported",
    message: "The security key does not let its PIN authorize a login.",
    hint: "Enroll a fingerprint on the key with its own tool, or use another security key.",
  },
  PUAT_REQUIRED: verificationFailed,
  UV_BLOCKED: {
    code: "user_verification_failed",
    message: "The fingerprint sensor is blocked after too many fingerprints that it does not know.",
    hint: "Set a PIN with `vouch keys pin`: the right PIN unblocks the sensor.",
  },
  UV_INVALID: {
    code: "user_verification_failed",
    message: "The fingerprint was not recognised.",
    hint: "Repeat the command, or use another security key.",
  },
  INTEGRITY_FAILURE: {
    code: "security_key_error",
    message: "The security key found its own memory damaged.",
    hint: "Use another security key.",
  },
};

/** Name (in the specification) and number of a status byte. */
export function statusName(byte: number): string {
  return `${statusNames.get(byte) ?? "unknown status"} (0x${byte.toString(16).padStart(2, "0")})`;
}

/** The error of any status but OK; callers that handle single statuses read `status`. */
export class CtapError extends VouchError {
  /** The status code's name; undefined if the specification does not define it (extension, vendor). */
  readonly status: CtapStatus | undefined;

  /** `answered` is the status byte of a response, or the name of a status that the client itself concludes. */
  constructor(answered: number | CtapStatus) {
    const byte = typeof answered === "number" ? answered : statusBytes[answered];
    const status = statusNames.get(byte);
    const name = statusName(byte);
    const meaning: Meaning = (status && meanings[status]) ?? {
      code: "security_key_error",
      message: `The security key refused the request: ${name}.`,
      hint: "Take the security key out, plug it in again and repeat the command; if it stays so, use another key.",
    };
    super(meaning.code, meaning.message, { hint: meaning.hint, cause: name });
    this.status = status;
  }
}

/** Whether the value is a CtapError with one of these statuses. */
export function isCtapError(value: unknown, ...statuses: CtapStatus[]): value is CtapError {
  return value instanceof CtapError && value.status !== undefined && statuses.includes(value.status);
}
