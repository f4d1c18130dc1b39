/** The parameters of one request to IAM, each held against its form; one that no operation has asked for is refused. */
import { ServiceError } from "../service-error.ts";

export class Inputs {
  readonly #parameters: URLSearchParams;
  readonly #read = new Set(["Action", "Version"]);

  constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  /** Throws `ValidationError`. */
  text(name: string, form: RegExp): string {
    const value = this.optional(name, form);
    if (value === undefined) throw validation(`Value null at '${name}' failed to satisfy constraint: not null`);
    return value;
  }

  /** Throws `ValidationError`. */
  optional(name: string, form: RegExp): string | undefined {
    this.#read.add(name);
    const value = this.#parameters.get(name) ?? undefined;
    if (value === undefined || form.test(value)) return value;
    throw validation(`Value '${value}' at '${name}' failed to satisfy constraint: regular expression ${form.source}`);
  }

  /** The members of a list, in their order. Throws `ValidationError`. */
  list(name: string, form: RegExp): string[] {
    const members: string[] = [];
    while (this.#parameters.has(`${name}.member.${members.length + 1}`)) {
      members.push(this.text(`${name}.member.${members.length + 1}`, form));
    }
    return members;
  }

  /** Throws for a parameter that the sandbox has passed over. */
  end(): void {
    const unread = [...this.#parameters.keys()].filter((name) => !this.#read.has(name));
    if (unread.length > 0) throw new Error(`The sandbox's IAM does not know the parameters ${unread.join(", ")}`);
  }
}

function validation(message: string): ServiceError {
  return new ServiceError("ValidationError", `1 validation error detected: ${message}`, 400);
}
