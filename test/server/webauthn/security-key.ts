/**
 * A security key of the tests in one object: makes the answers that a ceremony would bring, and wrong ones on demand.
 * The real protocol to a key is tested elsewhere; here only what reaches the server matters.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { encodeBase64url } from "../../../src/fido/codec/base64url.ts";
import { type CborMap, type CborValue, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { ES256, exportCoseKey } from "../../../src/fido/codec/cose.ts";
import { type Deed, signedChallenge } from "../../../src/fido/webauthn/deed.ts";
import type { AttestationKey } from "./attestation.ts";

export const aaguid = new Uint8Array(16).fill(7);

/** COSE algorithms of attestation keys, by their kind. */
const algorithms: Readonly<Record<string, number>> = { ec: ES256, rsa: -257, ed25519: -8 };

/** What a key, or someone between, may do wrong. */
export interface Twist {
  origin?: string;
  rpId?: string;
  /** Signed as it is, whatever the deed. */
  challenge?: string;
  type?: string;
  /** Fields of the client data that say that another page embeds this one. */
  embedding?: { crossOrigin?: boolean; topOrigin?: string };
  userVerified?: boolean;
  userPresent?: boolean;
  backupEligible?: boolean;
  counter?: number;
  userHandle?: string;
  /** Signs with another key. */
  forged?: boolean;
  /** The key's model, instead of that of the tests. */
  aaguid?: Uint8Array;
  /** Self attestation unless said otherwise. */
  attestation?: "none" | AttestationKey;
}

export class TestSecurityKey {
  readonly id = encodeBase64url(randomBytes(32));
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;
  #userHandle = "";
  #counter = 0;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = privateKey;
    this.#publicKey = publicKey;
  }

  register(
    options: PublicKeyCredentialCreationOptionsJSON,
    origin: string,
    twist: Twist = {},
    deed: Deed = { purpose: "enroll" },
  ): RegistrationResponseJSON {
    this.#userHandle = options.user.id;
    const clientData = clientDataJson("webauthn.create", signedChallenge(options.challenge, deed), origin, twist);
    const authenticatorData = Buffer.concat([
      this.#authenticatorData(twist.rpId ?? options.rp.id ?? "", 0x40, twist),
      this.attestedData(twist),
    ]);
    const attestationObject = encodeCbor(
      new Map<string, CborValue>([
        ["fmt", twist.attestation === "none" ? "none" : (twist.attestation?.format ?? "packed")],
        ["attStmt", this.#attestationStatement(authenticatorData, clientData, twist)],
        ["authData", new Uint8Array(authenticatorData)],
      ]),
    );
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      authenticatorAttachment: "cross-platform",
      response: {
        clientDataJSON: encodeBase64url(clientData),
        attestationObject: encodeBase64url(attestationObject),
        transports: ["usb"],
      },
      clientExtensionResults: {},
    };
  }

  /** AAGUID, length of the credential id, credential id, public key (WebAuthn Level 3, 6.5.1). */
  attestedData(twist: Twist = {}): Buffer {
    const credentialId = Buffer.from(this.id, "base64url");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(credentialId.length);
    return Buffer.concat([
      twist.aaguid ?? aaguid,
      length,
      credentialId,
      encodeCbor(exportCoseKey(this.#publicKey, ES256)),
    ]);
  }

  authenticate(
    options: PublicKeyCredentialRequestOptionsJSON,
    origin: string,
    twist: Twist = {},
    deed: Deed = { purpose: "login" },
  ): AuthenticationResponseJSON {
    const clientData = clientDataJson("webauthn.get", signedChallenge(options.challenge, deed), origin, twist);
    const authenticatorData = this.#authenticatorData(twist.rpId ?? options.rpId ?? "", 0, twist);
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      response: {
        clientDataJSON: encodeBase64url(clientData),
        authenticatorData: encodeBase64url(authenticatorData),
        signature: encodeBase64url(this.#sign(authenticatorData, clientData, twist)),
        userHandle: twist.userHandle ?? this.#userHandle,
      },
      clientExtensionResults: {},
    };
  }

  /** The credential as a browser's virtual authenticator takes it (WebAuthn Level 3, 11.6). */
  exported(): { credentialId: string; privateKey: string; userHandle: string; signCount: number } {
    return {
      credentialId: Buffer.from(this.id, "base64url").toString("base64"),
      privateKey: this.#key.export({ format: "der", type: "pkcs8" }).toString("base64"),
      userHandle: Buffer.from(this.#userHandle, "base64url").toString("base64"),
      signCount: this.#counter,
    };
  }

  /** Its signature over these authenticator data and client data (WebAuthn Level 3, 6.3.3). */
  signature(authenticatorData: Uint8Array, clientData: Uint8Array): Uint8Array {
    return this.#sign(authenticatorData, clientData, {});
  }

  /** WebAuthn Level 3, 8.2 and 8.7. */
  #attestationStatement(authenticatorData: Uint8Array, clientData: Uint8Array, twist: Twist): CborMap {
    if (twist.attestation === "none") return new Map();
    const vendor = twist.attestation;
    const x5c = vendor && [vendor.certificate, ...(vendor.chain ?? [])];
    if (vendor?.format === "fido-u2f") {
      return new Map<string, CborValue>([
        ["sig", this.#u2fSignature(authenticatorData, clientData, vendor.privateKey)],
        ["x5c", x5c!],
      ]);
    }
    const type = vendor?.privateKey.asymmetricKeyType ?? "ec";
    return new Map<string, CborValue>([
      ["alg", algorithms[type] ?? ES256],
      ["sig", this.#sign(authenticatorData, clientData, twist, vendor?.privateKey)],
      ...(x5c ? ([["x5c", x5c]] as const) : []),
    ]);
  }

  /** WebAuthn Level 3, 8.6. */
  #u2fSignature(authenticatorData: Uint8Array, clientData: Uint8Array, key: KeyObject): Uint8Array {
    const { x = "", y = "" } = this.#publicKey.export({ format: "jwk" });
    const signed = Buffer.concat([
      Buffer.of(0),
      authenticatorData.subarray(0, 32),
      createHash("sha256").update(clientData).digest(),
      Buffer.from(this.id, "base64url"),
      Buffer.of(4),
      Buffer.from(x, "base64url"),
      Buffer.from(y, "base64url"),
    ]);
    return new Uint8Array(sign("sha256", signed, key));
  }

  /** rpIdHash, flags, signCount (WebAuthn Level 3, 6.1). */
  #authenticatorData(rpId: string, flags: number, twist: Twist): Buffer {
    const data = Buffer.alloc(37);
    createHash("sha256").update(rpId).digest().copy(data);
    data[32] =
      flags |
      ((twist.userPresent ?? true) ? 0x01 : 0) |
      ((twist.userVerified ?? true) ? 0x04 : 0) |
      ((twist.backupEligible ?? false) ? 0x08 : 0);
    this.#counter += 1;
    data.writeUInt32BE(twist.counter ?? this.#counter, 33);
    return data;
  }

  #sign(authenticatorData: Uint8Array, clientData: Uint8Array, twist: Twist, own: KeyObject = this.#key): Uint8Array {
    const key = twist.forged ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : own;
    const hash = createHash("sha256").update(clientData).digest();
    const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
    return new Uint8Array(sign(digest, Buffer.concat([authenticatorData, hash]), key));
  }
}

function clientDataJson(type: string, challenge: string, origin: string, twist: Twist): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      type: twist.type ?? type,
      challenge: twist.challenge ?? challenge,
      origin: twist.origin ?? origin,
      crossOrigin: false,
      ...twist.embedding,
    }),
  );
}
