/**
 * The sandbox's AWS KMS, API version 2014-11-01 (JSON 1.1): the operations that a Vouch server asks, as strict as they are
 * documented. https://docs.aws.amazon.com/kms/latest/APIReference/
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from "node:crypto";
import * as v from "valibot";
import type { Account, Failure, IssuedCredentials } from "./account.ts";
import { signDigest } from "./ecdsa.ts";
import { ServiceError } from "./service-error.ts";
import { verifySignature } from "./sigv4.ts";

type Spec = "SYMMETRIC_DEFAULT" | "ECC_NIST_P256" | "RSA_2048";

interface KmsKey {
  arn: string;
  spec: Spec;
  isEnabled: boolean;
  /** Of a symmetric key. */
  secret: Buffer;
  /** Of an asymmetric one. */
  pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined;
}

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
const requests = {
  Encrypt: v.strictObject({ KeyId, Plaintext: Base64(4096), EncryptionContext: Context }),
  Decrypt: v.strictObject({ KeyId: v.optional(KeyId), CiphertextBlob: Base64(6144), EncryptionContext: Context }),
  Sign: v.strictObject({
    KeyId,
    Message: Base64(4096),
    MessageType: v.optional(v.picklist(["RAW", "DIGEST"]), "RAW"),
    SigningAlgorithm: v.string(),
  }),
  GetPublicKey: v.strictObject({ KeyId }),
};

export class Kms {
  readonly account: Account;
  readonly region: string;
  /** How often each operation was asked, whatever the answer. */
  readonly calls: Record<KmsOperation, number> = { Encrypt: 0, Decrypt: 0, Sign: 0, GetPublicKey: 0 };
  /** The answer to everything, instead of the real one; "silent" never answers. */
  outage: Failure | "silent" | undefined;
  readonly #keys = new Map<string, KmsKey>();
  readonly #failures: Failure[] = [];

  constructor(account: Account, region: string) {
    this.account = account;
    this.region = region;
  }

  /** Makes a key; returns its ARN. */
  createKey(spec: Spec): string {
    const arn = `arn:${this.account.partition}:kms:${this.region}:${this.account.id}:key/${randomUUID()}`;
    const pair =
      spec === "ECC_NIST_P256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : spec === "RSA_2048"
          ? generateKeyPairSync("rsa", { modulusLength: 2048 })
          : undefined;
    this.#keys.set(arn, { arn, spec, isEnabled: true, secret: randomBytes(32), pair });
    return arn;
  }

  setEnabled(arn: string, isEnabled: boolean): void {
    this.#keys.get(arn)!.isEnabled = isEnabled;
  }

  /** The next `times` requests are answered with the failure. */
  failNext(failure: Failure, times = 1): void {
    for (let i = 0; i < times; i++) this.#failures.push(failure);
  }

  /** Answers one request to `kms.REGION.amazonaws.com`. */
  async handle(request: Request): Promise<Response> {
    const requestId = randomUUID();
    const headers = { "x-amzn-requestid": requestId, "content-type": "application/x-amz-json-1.1" };
    try {
      return Response.json(await this.#answer(request), { headers });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const body = { __type: error.code, message: error.message };
      return Response.json(body, { status: error.status, headers: { ...headers, ...error.headers } });
    }
  }

  async #answer(request: Request): Promise<object> {
    const body = new Uint8Array(await request.arrayBuffer());
    const operation = /^TrentService\.(\w+)$/.exec(request.headers.get("x-amz-target") ?? "")?.[1] as KmsOperation;
    if (!Object.hasOwn(requests, operation ?? "")) throw new ServiceError("UnknownOperationException", "", 400);
    this.calls[operation]++;
    if (this.outage === "silent") await new Promise(() => {});
    const failure = this.#failures.shift() ?? this.outage;
    if (failure && failure !== "silent") {
      throw new ServiceError(failure.code, failure.message, failure.status, failure.headers);
    }
    if (request.method !== "POST" || new URL(request.url).pathname !== "/")
      throw invalid("UnknownOperationException", "");
    if (request.headers.get("content-type") !== "application/x-amz-json-1.1") {
      throw invalid("SerializationException", "Expected application/x-amz-json-1.1.");
    }
    const caller = verifySignature(request, body, { account: this.account, region: this.region, service: "kms" });
    const message: unknown = JSON.parse(Buffer.from(body).toString());
    switch (operation) {
      case "Encrypt":
        return this.#encrypt(caller, parse(requests.Encrypt, message));
      case "Decrypt":
        return this.#decrypt(caller, parse(requests.Decrypt, message));
      case "Sign":
        return this.#sign(caller, parse(requests.Sign, message));
      case "GetPublicKey":
        return this.#getPublicKey(caller, parse(requests.GetPublicKey, message));
    }
  }

  #encrypt(caller: IssuedCredentials, message: v.InferOutput<typeof requests.Encrypt>): object {
    const { arn, secret } = this.#key(caller, "Encrypt", message.KeyId, "SYMMETRIC_DEFAULT", message.EncryptionContext);
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", secret, iv).setAAD(additionalData(message.EncryptionContext));
    const ciphertext = Buffer.concat([cipher.update(message.Plaintext), cipher.final()]);
    const name = Buffer.from(arn);
    const blob = Buffer.concat([Buffer.from([name.length]), name, iv, cipher.getAuthTag(), ciphertext]);
    return { CiphertextBlob: blob.toString("base64"), KeyId: arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
  }

  #decrypt(caller: IssuedCredentials, message: v.InferOutput<typeof requests.Decrypt>): object {
    const blob = message.CiphertextBlob;
    const end = 1 + blob[0]!;
    const named = blob.subarray(1, end).toString();
    const { arn, secret } = this.#key(
      caller,
      "Decrypt",
      message.KeyId ?? named,
      "SYMMETRIC_DEFAULT",
      message.EncryptionContext,
    );
    if (arn !== named)
      throw invalid(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      );
    try {
      const decipher = createDecipheriv("aes-256-gcm", secret, blob.subarray(end, end + 12))
        .setAAD(additionalData(message.EncryptionContext))
        .setAuthTag(blob.subarray(end + 12, end + 28));
      const plaintext = Buffer.concat([decipher.update(blob.subarray(end + 28)), decipher.final()]);
      return { KeyId: arn, Plaintext: plaintext.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
    } catch {
      throw invalid("InvalidCiphertextException", "");
    }
  }

  #sign(caller: IssuedCredentials, message: v.InferOutput<typeof requests.Sign>): object {
    const { arn, pair } = this.#key(caller, "Sign", message.KeyId, "ECC_NIST_P256", {});
    if (message.SigningAlgorithm !== "ECDSA_SHA_256") {
      throw invalid(
        "InvalidKeyUsageException",
        `Algorithm ${message.SigningAlgorithm} and key spec ECC_NIST_P256 are incompatible.`,
      );
    }
    const digest =
      message.MessageType === "DIGEST" ? message.Message : createHash("sha256").update(message.Message).digest();
    if (digest.length !== 32)
      throw invalid("ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.");
    return {
      KeyId: arn,
      Signature: signDigest(digest, pair!.privateKey).toString("base64"),
      SigningAlgorithm: "ECDSA_SHA_256",
    };
  }

  #getPublicKey(caller: IssuedCredentials, message: v.InferOutput<typeof requests.GetPublicKey>): object {
    const key = this.#key(caller, "GetPublicKey", message.KeyId, undefined, {});
    if (!key.pair) throw invalid("UnsupportedOperationException", `${key.arn} is a symmetric key.`);
    return {
      KeyId: key.arn,
      PublicKey: key.pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      CustomerMasterKeySpec: key.spec,
      KeySpec: key.spec,
      KeyUsage: "SIGN_VERIFY",
      SigningAlgorithms: ["ECDSA_SHA_256"],
    };
  }

  /** The key, if the caller may do this with it, it is enabled and of that kind. */
  #key(
    caller: IssuedCredentials,
    operation: KmsOperation,
    id: string,
    spec: Spec | undefined,
    context: Record<string, string>,
  ): KmsKey {
    const key = this.#keys.get(id);
    const action = `kms:${operation}`;
    const conditions = Object.fromEntries(
      Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    );
    // Also for a key that there is not: who may not ask does not learn that.
    if (this.account.decide(caller, { action, resource: id, context: conditions }) !== "allowed") {
      throw invalid(
        "AccessDeniedException",
        `User: arn:aws:sts::${this.account.id}:assumed-role/${caller.role.name}/${caller.sessionName} is not authorized to perform: ${action} on resource: ${id}`,
      );
    }
    if (!key) throw invalid("NotFoundException", `Key '${id}' does not exist`);
    if (!key.isEnabled) throw new ServiceError("DisabledException", `${key.arn} is disabled.`, 409);
    if (spec !== undefined && key.spec !== spec) {
      throw invalid("InvalidKeyUsageException", `${key.arn} key usage is not valid for ${operation}.`);
    }
    return key;
  }
}

/** Serves it on a loopback port: AWS_ENDPOINT_URL_KMS. */
export function serveKms(kms: Kms): { url: string; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    fetch: (request) => kms.handle(request),
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

/** Sorted: the order of the pairs does not matter. */
function additionalData(context: Record<string, string>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).toSorted(([one], [other]) => (one < other ? -1 : 1))));
}

function parse<Schema extends v.GenericSchema>(schema: Schema, message: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, message);
  if (parsed.success) return parsed.output;
  throw invalid("ValidationException", `1 validation error detected at '${v.getDotPath(parsed.issues[0]) ?? ""}'`);
}

function invalid(code: string, message: string): ServiceError {
  return new ServiceError(code, message, 400);
}
