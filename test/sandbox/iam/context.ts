/** The condition keys of one request and their values. */

/** By key; a list is a multivalued key, and undefined one that the request does not have. */
export type ContextValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Names of keys are compared without their case, those of tags within them too; values are not. */
export class RequestContext {
  readonly #values = new Map<string, string | readonly string[]>();

  constructor(values: ContextValues = {}) {
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined) this.#values.set(key.toLowerCase(), value);
    }
  }

  get(key: string): string | readonly string[] | undefined {
    return this.#values.get(key.toLowerCase());
  }
}
