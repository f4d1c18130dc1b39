/** A person who has been invited. */
export interface User {
  /** A UUID: the `sub` of ID tokens; its UTF-8 bytes are the WebAuthn user handle. */
  id: string;
  /** In lower case. */
  email: string;
  /** A disabled person logs in, enrols, changes and gets nothing. */
  disabled: boolean;
}
