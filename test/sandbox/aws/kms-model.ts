/** Kinds of keys and requests of AWS KMS, as its API reference and developer guide have them. */
import * as v from "valibot";

export type Spec = "SYMMETRIC_DEFAULT" | "ECC_NIST_P256" | "RSA_2048";
export type Usage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "KEY_AGREEMENT";
/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html; a key that is deleted does not exist. */
export type State = "Enabled" | "Disabled" | "PendingDeletion";

/** The algorithms of each kind of key ("Key spec reference" of the developer guide); the first usage is the default. */
export const kinds: Record<Spec, Partial<Record<Usage, readonly string[]>>> = {
  SYMMETRIC_DEFAULT: { ENCRYPT_DECRYPT: ["SYMMETRIC_DEFAULT"] },
  ECC_NIST_P256: { SIGN_VERIFY: ["ECDSA_SHA_256"], KEY_AGREEMENT: ["ECDH"] },
  RSA_2048: {
    SIGN_VERIFY: ["256", "384", "512"].flatMap((hash) => [`RSASSA_PKCS1_V1_5_SHA_${hash}`, `RSASSA_PSS_SHA_${hash}`]),
    ENCRYPT_DECRYPT: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
  },
};
/** The member of GetPublicKey that names them. */
export const algorithmsMember = {
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  SIGN_VERIFY: "SigningAlgorithms",
  KEY_AGREEMENT: "KeyAgreementAlgorithms",
} satisfies Record<Usage, string>;

export type KmsOperation = "Encrypt" | "Decrypt" | "Sign" | "GetPublicKey";

const Base64 = (maxBytes: number) =>
  v.pipe(
    v.string(),
    v.base64(),
    v.transform((text) => Buffer.from(text, "base64")),
    v.check((bytes) => bytes.length >= 1 && bytes.length <= maxBytes),
  );
const KeyId = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
const Context = v.optional(v.record(v.string(), v.string()), {});
const GrantTokens = v.optional(
  v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(8192))), v.maxLength(10)),
  [],
);
const DryRun = v.optional(v.boolean(), false);
const EncryptionAlgorithm = v.optional(
  v.picklist(["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]),
  "SYMMETRIC_DEFAULT",
);
const SigningAlgorithm = v.picklist([
  ...["256", "384", "512"].flatMap((hash) => [
    `RSASSA_PSS_SHA_${hash}`,
    `RSASSA_PKCS1_V1_5_SHA_${hash}`,
    `ECDSA_SHA_${hash}`,
  ]),
  "SM2DSA",
  "ML_DSA_SHAKE_256",
  "ED25519_SHA_512",
  "ED25519_PH_SHA_512",
]);
/** Every member that the API reference has; others are a mistake of the client. */
export const requests = {
  Encrypt: v.strictObject({
    KeyId,
    Plaintext: Base64(4096),
    EncryptionContext: Context,
    EncryptionAlgorithm,
    GrantTokens,
    DryRun,
  }),
  Decrypt: v.strictObject({
    KeyId: v.optional(KeyId),
    CiphertextBlob: Base64(6144),
    EncryptionContext: Context,
    EncryptionAlgorithm,
    GrantTokens,
    DryRun,
    DryRunModifiers: v.optional(v.array(v.picklist(["IGNORE_CIPHERTEXT"])), []),
    // Of a Nitro enclave, whose attestation the sandbox cannot verify.
    Recipient: v.optional(
      v.pipe(
        v.looseObject({}),
        v.check(() => false),
      ),
    ),
  }),
  Sign: v.strictObject({
    KeyId,
    Message: Base64(4096),
    MessageType: v.optional(v.picklist(["RAW", "DIGEST", "EXTERNAL_MU"]), "RAW"),
    SigningAlgorithm,
    GrantTokens,
    DryRun,
  }),
  GetPublicKey: v.strictObject({ KeyId, GrantTokens }),
};
export type Message<Operation extends KmsOperation> = v.InferOutput<(typeof requests)[Operation]>;
