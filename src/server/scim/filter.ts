/** Filters and paths of attributes (RFC 7644, 3.4.2.2 and 3.5.2): comparisons by `eq`, joined by `and`. Untrusted input. */
import { ScimError } from "../http/failure.ts";
import { enterpriseSchema, groupSchema, userSchema } from "./names.ts";

/** Lengths in UTF-16 units; comparisons of one filter. */
const maxLengths = { filter: 1000, path: 400 };
const maxClauses = 10;

export type ComparedValue = string | number | boolean | null;

/** One comparison by `eq`. */
export interface Clause {
  attribute: AttributePath;
  value: ComparedValue;
}

/** An attribute; its names in lower case, as they are compared without regard to it (RFC 7643, 2.1). */
export interface AttributePath {
  name: string;
  sub: string | undefined;
  /** Which of several values. */
  filter: Clause[] | undefined;
  /** Whether it is of a schema that is not kept. */
  isExtension: boolean;
}

/** Parses the query parameter `filter`. Throws ScimError `invalidFilter`. */
export function parseFilter(text: string): Clause[] {
  const reader = new Reader(text, "filter");
  const clauses = reader.clauses();
  reader.expectEnd();
  return clauses;
}

/** Parses the path of an operation of PATCH, or the name of a member of its value. Throws ScimError `invalidPath`. */
export function parsePath(text: string): AttributePath {
  if (text.toLowerCase() === enterpriseSchema.toLowerCase()) {
    return { name: "", sub: undefined, filter: undefined, isExtension: true };
  }
  const reader = new Reader(text, "path");
  const path = reader.attribute();
  reader.expectEnd();
  return path;
}

class Reader {
  readonly #text: string;
  readonly #what: keyof typeof maxLengths;
  #at = 0;
  #count = 0;

  constructor(text: string, what: keyof typeof maxLengths) {
    this.#text = text;
    this.#what = what;
    if (text.length > maxLengths[what]) throw this.#failure(`at most ${maxLengths[what]} characters`);
  }

  /** Within brackets there are no others. */
  clauses(isWithin = false): Clause[] {
    const found = [this.#clause(isWithin)];
    while (this.#take(/ +and +/iy)) found.push(this.#clause(isWithin));
    return found;
  }

  attribute(isWithin = false): AttributePath {
    const match = this.#take(/(urn:[\w.:-]{1,200}:)?([a-z$][\w$-]{0,99})/iy);
    if (!match) throw this.#failure("the name of an attribute");
    const [, urn = "", name = ""] = match;
    const isExtension = urn !== "" && ![userSchema, groupSchema].some((each) => isSame(`${each}:`, urn));
    let filter: Clause[] | undefined;
    if (!isWithin && this.#take(/\[ */y)) {
      filter = this.clauses(true);
      if (!this.#take(/ *\]/y)) throw this.#failure('"]"');
    }
    const sub = this.#take(/\.([a-z$][\w$-]{0,99})/iy)?.[1];
    return { name: name.toLowerCase(), sub: sub?.toLowerCase(), filter, isExtension };
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) throw this.#failure("the end, as eq and and alone are supported");
  }

  #clause(isWithin: boolean): Clause {
    if (++this.#count > maxClauses) throw this.#failure(`at most ${maxClauses} comparisons`);
    const attribute = this.attribute(isWithin);
    if (!this.#take(/ +eq +/iy)) throw this.#failure("eq, the only operator that is supported,");
    const value = this.#take(/"(?:[^"\\]|\\.)*"|true|false|null|-?\d{1,15}(?:\.\d{1,15})?/iy)?.[0];
    if (value === undefined) throw this.#failure("a value");
    return { attribute, value: this.#parse(value) };
  }

  #parse(value: string): ComparedValue {
    try {
      return JSON.parse(value.startsWith('"') ? value : value.toLowerCase()) as ComparedValue;
    } catch {
      throw this.#failure("a value of JSON");
    }
  }

  #take(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match) this.#at = form.lastIndex;
    return match ?? undefined;
  }

  /** Never with the text, which may be personal. */
  #failure(expected: string): ScimError {
    const scimType = this.#what === "filter" ? "invalidFilter" : "invalidPath";
    return new ScimError(400, `The ${this.#what} expected ${expected} at character ${this.#at + 1}.`, scimType);
  }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
