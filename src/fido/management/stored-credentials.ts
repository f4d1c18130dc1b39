/** The credentials of chosen relying parties on a key: lists and deletes them, after user verification. */
import type { CredentialDescriptor } from "../ctap2/credential-descriptor.ts";
import {
  type CredentialManagement,
  credentialManagementOf,
  deleteCredentials,
  enumerateCredentials,
  type ManagementRequest,
  type StoredCredential,
} from "../ctap2/credential-management.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import { PERMISSION, type TokenScope } from "../ctap2/pin-uv-auth-token.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import type { CeremonyUi } from "../webauthn/ceremony-ui.ts";
import type { PinWrite } from "../webauthn/pin-verification.ts";
import { UserVerification } from "../webauthn/user-verification.ts";

export interface StoredCredentialsInput {
  device: CtapDevice;
  ui: CeremonyUi;
  signal: AbortSignal;
  /** Timeout for a touch of the fingerprint sensor, in milliseconds. */
  timeoutMs: number;
}

/** A key whose credentials are listed and deleted; every token is limited to one relying party. */
export class StoredCredentials implements Disposable {
  readonly #device: CtapDevice;
  readonly #command: CredentialManagement;
  readonly #exchange: ExchangeOptions;
  readonly #verification: UserVerification;

  private constructor(input: StoredCredentialsInput, info: AuthenticatorInfo, command: CredentialManagement) {
    const { device, ui, signal, timeoutMs } = input;
    this.#device = device;
    this.#command = command;
    this.#exchange = { signal };
    const beforeWrite = (write: PinWrite) => Promise.reject(needsPin(device.product, write));
    const scope = { permissions: PERMISSION.CREDENTIAL_MANAGEMENT, rpId: undefined };
    this.#verification = new UserVerification({
      device,
      info,
      ui,
      scope,
      signal,
      timeoutMs,
      beforeWrite,
      tokenOnly: true,
    });
  }

  /** Throws `security_key_unsupported` for a key that cannot list its credentials, and the errors of the key. */
  static open(input: StoredCredentialsInput): Promise<StoredCredentials> {
    const { device, signal } = input;
    return understood(device, async () => {
      const info = await getInfo(device, { signal });
      const command = credentialManagementOf(info);
      if (command !== undefined) return new StoredCredentials(input, info, command);
      throw new VouchError("security_key_unsupported", `${device.product} cannot list or delete single credentials.`, {
        hint: "`vouch keys info` shows what it can do; `vouch keys reset` deletes everything on it.",
      });
    });
  }

  /** The credentials of the relying party. Throws `pin_…`, `user_verification_failed`, `security_key_…`, `cancelled`. */
  list(rpId: string): Promise<StoredCredential[]> {
    return this.#authorized(rpId, (request) => enumerateCredentials(request, rpId));
  }

  /** Deletes credentials of the relying party; one that is gone already is no error. Throws as {@link list}. */
  delete(rpId: string, credentials: readonly CredentialDescriptor[]): Promise<void> {
    return this.#authorized(rpId, (request) => deleteCredentials(request, credentials));
  }

  /** Zeroes the PIN hash. */
  [Symbol.dispose](): void {
    this.#verification[Symbol.dispose]();
  }

  #authorized<T>(rpId: string, run: (request: ManagementRequest) => Promise<T>): Promise<T> {
    const scope: TokenScope = { permissions: PERMISSION.CREDENTIAL_MANAGEMENT, rpId };
    const [device, command, exchange] = [this.#device, this.#command, this.#exchange];
    return understood(device, () =>
      this.#verification.authorize(({ token }) => run({ device, command, exchange, token: token! }), scope),
    );
  }
}

/** Looking changes nothing on a key: neither does it set a PIN, nor change one. */
function needsPin(product: string, write: PinWrite): VouchError {
  return write === "set"
    ? new VouchError("pin_not_set", `${product} has no PIN, so it holds no credential of Vouch.`, {
        hint: "`vouch keys info` shows what it has.",
      })
    : new VouchError("pin_policy", `${product} demands a new PIN before it lists its credentials.`, {
        hint: "Change it with `vouch keys pin`, then repeat the command.",
      });
}
