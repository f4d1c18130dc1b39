/** The identity provider cannot be asked at the moment: it is away, or its answers are none. */
export class ProviderUnavailableError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = "ProviderUnavailableError";
  }
}

/** A login that the identity provider must confirm, which it has not done for too long. */
export class ConfirmationNeededError extends ProviderUnavailableError {}
