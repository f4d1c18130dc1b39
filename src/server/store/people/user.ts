/** An invited or enrolled person. */
export interface User {
  /** UUID: the `sub` of ID tokens; its UTF-8 bytes are the WebAuthn user handle. */
  id: string;
  /** In lower case. */
  email: string;
  /** A disabled user cannot log in, enrol, change keys or get tokens. */
  disabled: boolean;
}
