/** Whether a new credential is stored on the key (discoverable), and how a full key gets room for it. */
import type { CredentialDescriptor } from "../ctap2/credential-descriptor.ts";
import { credentialManagementOf, deleteCredentials, enumerateCredentials } from "../ctap2/credential-management.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { PERMISSION } from "../ctap2/pin-uv-auth-token.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";
import type { CreationOptions } from "./options.ts";
import type { UserVerification } from "./user-verification.ts";

/**
 * Whether to store the credential on the key, or why that is not possible; undefined if the server does not want it.
 * Throws `security_key_unsupported` if the server demands it of a key that cannot.
 */
export function chooseResidentKey(
  options: CreationOptions,
  info: AuthenticatorInfo,
  product: string,
): "stored" | "unsupported" | "full" | undefined {
  const { residentKey } = options.authenticatorSelection;
  if (residentKey === "discouraged") return undefined;
  if (info.options.get("rk") === true) {
    // Decided before the request, so that one touch suffices.
    return residentKey === "preferred" && info.remainingDiscoverableCredentials === 0 ? "full" : "stored";
  }
  if (residentKey === "preferred") return "unsupported";
  throw new VouchError("security_key_unsupported", `${product} cannot store credentials, which the server demands.`, {
    hint: "Use a FIDO2 security key with discoverable (resident) credentials.",
  });
}

export interface RoomInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  rpId: string;
  verification: UserVerification;
  exchange: ExchangeOptions;
  /** The credentials that the server knows of the user. */
  kept: readonly CredentialDescriptor[];
}

/**
 * Offers to delete credentials of this server from a full key, and deletes those that the user chooses. Returns whether
 * there is room now; false also for a key that cannot list or delete single credentials. Throws the errors of the ui
 * and of user verification.
 */
export async function makeRoom(input: RoomInput): Promise<boolean> {
  const { device, info, ui, rpId, verification, exchange, kept } = input;
  const command = credentialManagementOf(info);
  if (command === undefined || ui.chooseRoom === undefined) return false;
  const request = { device, command, exchange };
  try {
    const known = new Set(kept.map(({ id }) => id.toHex()));
    const scope = { permissions: PERMISSION.CREDENTIAL_MANAGEMENT, rpId };
    const stored = await verification.authorize(
      async ({ token }) => (token === undefined ? [] : enumerateCredentials({ ...request, token }, rpId)),
      scope,
    );
    // An enrolled key needs no room: the request says that it is enrolled.
    if (stored.length === 0 || stored.some(({ id }) => known.has(id.toHex()))) return false;
    const chosen = await ui.chooseRoom(device.product, stored);
    if (chosen.length === 0) return false;
    await verification.authorize(async ({ token }) => token && deleteCredentials({ ...request, token }, chosen), scope);
    return true;
  } catch (error) {
    if (!isUnmanageable(error)) throw error;
    return false;
  }
}

/** Whether the key refuses to be managed, or answers nonsense: the enrolment goes on without room. */
function isUnmanageable(error: unknown): boolean {
  return (
    isCtapError(
      error,
      "INVALID_COMMAND",
      "INVALID_SUBCOMMAND",
      "INVALID_PARAMETER",
      "MISSING_PARAMETER",
      "NOT_ALLOWED",
      "PIN_AUTH_INVALID",
      "PUAT_REQUIRED",
      "UNAUTHORIZED_PERMISSION",
    ) ||
    (error instanceof VouchError && error.code === "protocol_error")
  );
}
