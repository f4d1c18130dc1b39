/** The error of a command that publishes where a touch is needed. */
import { VouchError } from "../base/errors.ts";

/** There was no touch, or none could be asked for, or what it was for was refused: without a token nothing is published. */
export class PublishingRefused extends VouchError {
  constructor({ code, message, hint, cause }: VouchError) {
    super(code, message, { hint, cause });
  }
}
