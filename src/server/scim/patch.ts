/** PATCH (RFC 7644, 3.5.2), also as Entra and Okta send it. Untrusted input. */
import * as v from "valibot";
import { ScimError } from "../http/failure.ts";
import { Complex, readBody, schemasWith } from "./body.ts";
import { type AttributePath, parsePath } from "./filter.ts";
import { patchMessage } from "./names.ts";

const maxOperations = 200;

const operations = ["add", "remove", "replace"] as const;

const PatchBody = v.object({
  schemas: schemasWith(patchMessage),
  operations: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(maxOperations)),
});

const Operation = v.object({
  // Entra writes "Replace".
  op: v.pipe(
    v.string(),
    v.transform((text) => text.toLowerCase()),
    v.picklist(operations),
  ),
  path: v.nullish(v.string()),
  value: v.optional(v.unknown()),
});

/** One change of one attribute. */
export interface Change {
  op: (typeof operations)[number];
  attribute: AttributePath;
  value: unknown;
  /** Whether a path names the attribute: then one that cannot be changed is an error. */
  isNamed: boolean;
}

/**
 * Reads the changes in their order. One without a path is one for each member of its value, whose name may be a path
 * (Entra). Throws HttpError (415, 413, 408) and ScimError `invalidSyntax`, `invalidPath`, `invalidValue`, `noTarget`.
 */
export async function readPatch(request: Request): Promise<Change[]> {
  const body = await readBody(request, PatchBody);
  return body.operations.flatMap((each): Change[] => {
    const parsed = v.safeParse(v.pipe(Complex, Operation), each);
    if (!parsed.success) {
      throw new ScimError(400, "An operation expected op (add, remove or replace), path and value.", "invalidSyntax");
    }
    const { op, path, value } = parsed.output;
    if (op !== "remove" && value === undefined) {
      throw new ScimError(400, `An operation ${op} has no value.`, "invalidValue");
    }
    if (path !== undefined && path !== null && path !== "") {
      return [{ op, attribute: parsePath(path), value, isNamed: true }];
    }
    if (op === "remove") throw new ScimError(400, "An operation remove has no path.", "noTarget");
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ScimError(400, "An operation without a path expected an object as its value.", "invalidValue");
    }
    return Object.entries(value).map(([name, member]) => ({
      op,
      attribute: parsePath(name),
      value: member,
      isNamed: false,
    }));
  });
}

/** Says that an attribute cannot be changed, if the change names it; a resource that is sent whole may have it. */
export function refuseIfNamed({ attribute, isNamed }: Change): void {
  if (isNamed) throw new ScimError(400, `The attribute ${attribute.name} is not for clients to change.`, "mutability");
}

export function noSuchAttribute({ attribute: { name, sub } }: Change): ScimError {
  const path = sub === undefined ? name : `${name}.${sub}`;
  return new ScimError(400, `There is no attribute ${path} here.`, "invalidPath");
}
