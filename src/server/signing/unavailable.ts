/** The server cannot sign at the moment: its key could not be opened, or AWS KMS does not answer. */
export class SigningUnavailableError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = "SigningUnavailableError";
  }
}
