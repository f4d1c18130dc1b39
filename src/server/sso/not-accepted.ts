import { VouchError } from "../../base/errors.ts";

/** An answer of the identity provider that is not what was asked for. People are told so; the log has what is wrong. */
export class NotAcceptedError extends VouchError {
  readonly detail: string;

  /** `reason`: in words of the library, for who runs the server. */
  constructor(reason: string, cause: unknown) {
    const message = "The identity provider's answer was not accepted.";
    super("login_denied", message, {
      hint: "Begin again; if it goes on, tell your administrator, who finds in the server's log what is wrong.",
      cause,
    });
    this.detail = `${message.slice(0, -1)}: ${reason}`;
  }
}
