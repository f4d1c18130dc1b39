/** Schemas of the JSON responses of a security key (WebAuthn Level 3, 5.1): untrusted input of the relying party. */
import * as v from "valibot";

const base64url = (maxBytes: number) =>
  v.pipe(
    v.string(),
    v.regex(/^(?=.)(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/, "expected base64url"),
    v.maxLength(Math.ceil((maxBytes * 4) / 3)),
  );

/** A JSON object; valibot's own take an array, too. */
const JsonObject = v.pipe(
  v.unknown(),
  v.rawCheck(({ dataset, addIssue }) => {
    const { value } = dataset;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      addIssue({ message: "expected an object", expected: "Object" });
  }),
  v.transform((value) => value as Record<string, unknown>),
);

/** A credential id has at most 1023 bytes (WebAuthn Level 3, 4). */
export const CredentialId = base64url(1023);

const shared = {
  id: CredentialId,
  rawId: CredentialId,
  type: v.literal("public-key"),
  authenticatorAttachment: v.exactOptional(v.picklist(["platform", "cross-platform"])),
  clientExtensionResults: JsonObject,
};

export const RegistrationResponseSchema = v.strictObject({
  ...shared,
  response: v.strictObject({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(16384),
    authenticatorData: v.exactOptional(base64url(4096)),
    transports: v.exactOptional(
      v.pipe(
        v.array(
          v.pipe(v.string(), v.maxCodePoints(32), v.regex(/^[a-z][a-z0-9-]*$/i, "expected the name of a transport")),
        ),
        v.maxLength(8),
      ),
    ),
    publicKey: v.exactOptional(base64url(1024)),
    publicKeyAlgorithm: v.exactOptional(v.pipe(v.number(), v.integer())),
  }),
});

export const AuthenticationResponseSchema = v.strictObject({
  ...shared,
  response: v.strictObject({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(1024),
    userHandle: v.exactOptional(base64url(64)),
  }),
});
