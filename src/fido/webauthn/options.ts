/** Schemas of a relying party's options in WebAuthn's JSON form (WebAuthn Level 3, sections 5.1.8 and 5.1.9). */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";

const maxList = 256;

/** Base64url text of `min` to `max` decoded bytes. */
function base64urlSchema(min: number, max: number) {
  return v.pipe(
    v.string(),
    v.maxLength(Math.ceil((max * 4) / 3)),
    v.regex(/^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/, "Expected base64url text"),
    v.check((text) => {
      const length = Math.floor((text.length * 3) / 4);
      return length >= min && length <= max;
    }, `Expected ${min} to ${max} bytes in base64url`),
  );
}

const name = v.pipe(v.string(), v.maxLength(256));
const domain = v.pipe(v.string(), v.maxLength(253), v.regex(/^[\w.:[\]-]+$/, "Expected a domain"));
const challenge = base64urlSchema(16, 1024);
const descriptor = v.object({ id: base64urlSchema(1, 1023), type: v.literal("public-key") });
const descriptors = v.optional(v.pipe(v.array(descriptor), v.maxLength(maxList)), []);

const creationOptionsSchema = v.object({
  rp: v.object({ id: v.optional(domain), name }),
  user: v.object({ id: base64urlSchema(1, 64), name, displayName: v.optional(name, "") }),
  challenge,
  pubKeyCredParams: v.pipe(
    v.array(v.object({ type: v.string(), alg: v.pipe(v.number(), v.safeInteger()) })),
    v.maxLength(maxList),
  ),
  excludeCredentials: descriptors,
  authenticatorSelection: v.optional(
    v.object({ residentKey: v.optional(v.picklist(["required", "preferred", "discouraged"]), "discouraged") }),
    {},
  ),
  attestation: v.optional(v.string(), "none"),
});

const requestOptionsSchema = v.object({
  challenge,
  rpId: v.optional(domain),
  allowCredentials: descriptors,
  // A touch alone where it is discouraged; what the server says of it otherwise, it checks itself.
  userVerification: v.optional(v.picklist(["required", "preferred", "discouraged"]), "required"),
});

/** PublicKeyCredentialCreationOptionsJSON, limited to the members that a security key needs. */
export type CreationOptions = v.InferOutput<typeof creationOptionsSchema> & { rpId: string };
/** PublicKeyCredentialRequestOptionsJSON, limited to the members that a security key needs. */
export type RequestOptions = v.InferOutput<typeof requestOptionsSchema> & { rpId: string };

/** Parses creation options. Throws `protocol_error` if malformed, or for another host than the origin's. */
export function parseCreationOptions(value: unknown, origin: string): CreationOptions {
  const options = parse(creationOptionsSchema, value);
  return { ...options, rpId: checkRpId(options.rp.id, origin) };
}

/** Parses request options. Throws `protocol_error` if malformed, or for another host than the origin's. */
export function parseRequestOptions(value: unknown, origin: string): RequestOptions {
  const options = parse(requestOptionsSchema, value);
  return { ...options, rpId: checkRpId(options.rpId, origin) };
}

function parse<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  // valibot's message for a wrong type would quote the whole untrusted value.
  const message = issue.kind === "schema" ? `Expected ${issue.expected}, got ${typeName(issue.input)}` : issue.message;
  throw new VouchError(
    "protocol_error",
    `The server's WebAuthn options are malformed: ${path ?? "options"}: ${message}.`,
  );
}

function typeName(value: unknown): string {
  if (value === undefined) return "none";
  if (typeof value !== "object") return `another ${typeof value}`;
  return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
}

/** Allows only the RP ID of the server's own host: the key itself signs for any RP ID. */
function checkRpId(rpId: string | undefined, origin: string): string {
  const host = URL.parse(origin)?.hostname;
  if (host === undefined) throw new VouchError("protocol_error", "Expected the server's URL as the origin.");
  if (rpId !== undefined && rpId !== host) {
    throw new VouchError(
      "protocol_error",
      `The server's WebAuthn options are for another host: expected the RP ID ${host}, got ${rpId}.`,
    );
  }
  return host;
}
