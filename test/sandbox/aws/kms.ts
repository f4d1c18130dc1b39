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
import {
  algorithmsMember,
  kinds,
  type KmsOperation,
  type Message,
  requests,
  type Spec,
  type State,
  type Usage,
} from "./kms-model.ts";
import { ServiceError } from "./service-error.ts";
import { verifySignature } from "./sigv4.ts";

interface KmsKey {
  arn: string;
  spec: Spec;
  usage: Usage;
  state: State;
  /** Of a symmetric key. */
  secret: Buffer;
  /** Of an asymmetric one. */
  pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined;
}

export class Kms {
  readonly account: Account;
  readonly region: string;
  /** How often each operation was asked, whatever the answer. */
  readonly calls: Record<KmsOperation, number> = { Encrypt: 0, Decrypt: 0, Sign: 0, GetPublicKey: 0 };
  /** The answer to everything, instead of the real one; "silent" never answers. */
  outage: Failure | "silent" | undefined;
  /** The code for a key that waits for its deletion: AWS documents both. */
  pendingDeletionCode: "KMSInvalidStateException" | "DisabledException" = "KMSInvalidStateException";
  readonly #keys = new Map<string, KmsKey>();
  readonly #failures: Failure[] = [];

  constructor(account: Account, region: string) {
    this.account = account;
    this.region = region;
  }

  /** Makes a key, by default for the first usage of its spec; returns its ARN. */
  createKey(spec: Spec, usage = Object.keys(kinds[spec])[0] as Usage): string {
    if (kinds[spec][usage] === undefined) throw new Error(`no key of ${spec} is for ${usage}`);
    const arn = `arn:${this.account.partition}:kms:${this.region}:${this.account.id}:key/${randomUUID()}`;
    const pair =
      spec === "ECC_NIST_P256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : spec === "RSA_2048"
          ? generateKeyPairSync("rsa", { modulusLength: 2048 })
          : undefined;
    this.#keys.set(arn, { arn, spec, usage, state: "Enabled", secret: randomBytes(32), pair });
    return arn;
  }

  setState(arn: string, state: State): void {
    this.#keys.get(arn)!.state = state;
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

  #encrypt(caller: IssuedCredentials, message: Message<"Encrypt">): object {
    const { EncryptionContext: context, EncryptionAlgorithm: algorithm } = message;
    const { arn, secret } = this.#keyFor(caller, "Encrypt", message, context, algorithm);
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", secret, iv).setAAD(additionalData(context));
    const ciphertext = Buffer.concat([cipher.update(message.Plaintext), cipher.final()]);
    const name = Buffer.from(arn);
    const blob = Buffer.concat([Buffer.from([name.length]), name, iv, cipher.getAuthTag(), ciphertext]);
    return { CiphertextBlob: blob.toString("base64"), KeyId: arn, EncryptionAlgorithm: algorithm };
  }

  #decrypt(caller: IssuedCredentials, message: Message<"Decrypt">): object {
    const { CiphertextBlob: blob, EncryptionContext: context, EncryptionAlgorithm: algorithm } = message;
    const end = 1 + blob[0]!;
    const named = blob.subarray(1, end).toString();
    const asked = { ...message, KeyId: message.KeyId ?? named };
    const { arn, secret } = this.#keyFor(caller, "Decrypt", asked, context, algorithm);
    if (arn !== named) {
      throw invalid(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      );
    }
    try {
      const decipher = createDecipheriv("aes-256-gcm", secret, blob.subarray(end, end + 12))
        .setAAD(additionalData(context))
        .setAuthTag(blob.subarray(end + 12, end + 28));
      const plaintext = Buffer.concat([decipher.update(blob.subarray(end + 28)), decipher.final()]);
      const KeyMaterialId = createHash("sha256").update(secret).digest("hex");
      return { KeyId: arn, Plaintext: plaintext.toString("base64"), EncryptionAlgorithm: algorithm, KeyMaterialId };
    } catch {
      throw invalid("InvalidCiphertextException", "");
    }
  }

  #sign(caller: IssuedCredentials, message: Message<"Sign">): object {
    const { Message, MessageType, SigningAlgorithm: algorithm } = message;
    const { arn, pair } = this.#keyFor(caller, "Sign", message, {}, algorithm);
    if (algorithm !== "ECDSA_SHA_256") throw new Error(`the sandbox does not sign with ${algorithm}`);
    if (MessageType === "EXTERNAL_MU") throw invalid("ValidationException", "EXTERNAL_MU is for ML-DSA keys.");
    const digest = MessageType === "DIGEST" ? Message : createHash("sha256").update(Message).digest();
    if (digest.length !== 32)
      throw invalid("ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.");
    const signature = signDigest(digest, pair!.privateKey).toString("base64");
    return { KeyId: arn, Signature: signature, SigningAlgorithm: algorithm };
  }

  #getPublicKey(caller: IssuedCredentials, message: Message<"GetPublicKey">): object {
    const { arn, pair, spec, usage } = this.#key(caller, "GetPublicKey", message, {});
    if (!pair) throw invalid("UnsupportedOperationException", `${arn} is a symmetric key.`);
    return {
      KeyId: arn,
      PublicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      CustomerMasterKeySpec: spec,
      KeySpec: spec,
      KeyUsage: usage,
      [algorithmsMember[usage]]: kinds[spec][usage],
    };
  }

  /** As `#key`, if it is for that use and has that algorithm. Throws instead of a dry run that would succeed. */
  #keyFor(
    caller: IssuedCredentials,
    operation: "Encrypt" | "Decrypt" | "Sign",
    message: { KeyId: string; GrantTokens: string[]; DryRun: boolean },
    context: Record<string, string>,
    algorithm: string,
  ): KmsKey {
    const key = this.#key(caller, operation, message, context);
    if (key.usage !== (operation === "Sign" ? "SIGN_VERIFY" : "ENCRYPT_DECRYPT")) {
      throw invalid(
        "InvalidKeyUsageException",
        `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
      );
    }
    if (!kinds[key.spec][key.usage]!.includes(algorithm)) {
      throw invalid("InvalidKeyUsageException", `Algorithm ${algorithm} and key spec ${key.spec} are incompatible.`);
    }
    if (message.DryRun) {
      throw invalid("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
    }
    return key;
  }

  /** The key, if the caller may do this with it and its state allows it. */
  #key(
    caller: IssuedCredentials,
    operation: KmsOperation,
    { KeyId: id, GrantTokens }: { KeyId: string; GrantTokens: string[] },
    context: Record<string, string>,
  ): KmsKey {
    // By its ARN or its id; there are no aliases.
    const key = this.#keys.get(id) ?? [...this.#keys.values()].find(({ arn }) => arn.endsWith(`:key/${id}`));
    const action = `kms:${operation}`;
    const conditions = Object.fromEntries(
      Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    );
    // Also for a key that there is not: who may not ask does not learn that.
    const resource = key?.arn ?? id;
    if (this.account.decide(caller, { action, resource, context: conditions }) !== "allowed") {
      throw invalid(
        "AccessDeniedException",
        `User: arn:aws:sts::${this.account.id}:assumed-role/${caller.role.name}/${caller.sessionName} is not authorized to perform: ${action} on resource: ${resource}`,
      );
    }
    // The sandbox has no grants.
    if (GrantTokens.length > 0) throw invalid("InvalidGrantTokenException", "The grant token is not valid.");
    if (!key) throw invalid("NotFoundException", `Key '${id}' does not exist`);
    if (key.state === "Disabled") throw invalid("DisabledException", `${key.arn} is disabled.`);
    if (key.state === "PendingDeletion") throw invalid(this.pendingDeletionCode, `${key.arn} is pending deletion.`);
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
