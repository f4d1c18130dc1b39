/** A signing key that is opened in the background: nothing waits for it but a signature. */
import { VouchError } from "../../base/errors.ts";
import { settledWithin } from "../settled-within.ts";
import type { Signer } from "./signing-key.ts";
import { SigningUnavailableError } from "./unavailable.ts";

/** How long a signature waits for its key, in milliseconds. */
const waitMs = 4_000;

export class Opening implements Signer {
  readonly #kid: string;
  #signer: Signer | undefined;
  #failure: unknown;
  #pending: Promise<void> | undefined;

  constructor(kid: string) {
    this.#kid = kid;
  }

  /** Begins to open it by `open` (as `openSigner`), unless it is open or being opened; tries one again that failed. */
  begin(open: () => Promise<Signer>): void {
    if (this.#signer !== undefined) {
      // An idle server asks nothing of a KMS that worked.
      if (this.#signer.failure() !== undefined) this.#signer.check();
      return;
    }
    this.#pending ??= this.#try(open).finally(() => {
      this.#pending = undefined;
    });
  }

  /** Resolves when it is open, the attempt has failed, or `ms` milliseconds have passed. */
  async settled(ms: number): Promise<void> {
    if (this.#pending !== undefined) await settledWithin(this.#pending, ms);
  }

  async sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (this.#signer === undefined) await this.settled(waitMs);
    if (this.#signer !== undefined) return await this.#signer.sign(data);
    const reason = this.#failure === undefined ? `not within ${waitMs / 1000} s` : (this.#failure as Error).message;
    throw new SigningUnavailableError(`the signing key ${this.#kid} could not be opened: ${reason}`, this.#failure);
  }

  failure(): unknown {
    return this.#signer === undefined ? this.#failure : this.#signer.failure();
  }

  check(): void {
    this.#signer?.check();
  }

  async #try(open: () => Promise<Signer>): Promise<void> {
    try {
      this.#signer = await open();
      this.#failure = undefined;
    } catch (error) {
      const isAway = await mayPass(error);
      this.#failure = isAway ? new SigningUnavailableError((error as Error).message, error) : error;
    }
  }
}

/** Whether a key that `openSigner` did not open may be opened later without a change here: AWS is away. */
async function mayPass(error: unknown): Promise<boolean> {
  if (!(error instanceof VouchError) || error.code.startsWith("settings_")) return false;
  // Imported lazily: most servers do not use KMS.
  const { isAway } = await import("../../aws/kms.ts");
  return isAway(error);
}
