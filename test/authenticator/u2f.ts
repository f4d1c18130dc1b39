/** The CTAP1 side of a U2F-only software key (FIDO U2F Raw Message Formats 1.2): register, authenticate, version. */
import "reflect-metadata";
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import type { Touch } from "./touch.ts";

const INS = { REGISTER: 0x01, AUTHENTICATE: 0x02, VERSION: 0x03 } as const;
const SW = {
  NO_ERROR: 0x9000,
  WRONG_LENGTH: 0x6700,
  CONDITIONS_NOT_SATISFIED: 0x6985,
  WRONG_DATA: 0x6a80,
  INS_NOT_SUPPORTED: 0x6d00,
  CLA_NOT_SUPPORTED: 0x6e00,
} as const;
const CHECK_ONLY = 0x07;
const USER_PRESENT = Uint8Array.of(0x01);
const PARAMETER_BYTES = 32;

interface U2fCredential {
  keyHandle: Buffer;
  application: Buffer;
  privateKey: KeyObject;
  counter: number;
}

/** Ends a command with a status word. */
class StatusWord extends Error {
  readonly word: number;

  constructor(name: keyof typeof SW) {
    super(name);
    this.word = SW[name];
  }
}

export class U2fAuthenticator {
  readonly #touch: Touch;
  #credentials: U2fCredential[] = [];
  #touched = false;

  constructor(touch: Touch) {
    this.#touch = touch;
  }

  /** Answers one APDU (ISO 7816-4, extended length) with data ‖ status word. */
  async process(apdu: Uint8Array): Promise<Uint8Array> {
    try {
      const answer = await this.#command(Buffer.from(apdu));
      return Buffer.concat([answer, word(SW.NO_ERROR)]);
    } catch (error) {
      if (error instanceof StatusWord) return word(error.word);
      throw error;
    }
  }

  async #command(apdu: Buffer): Promise<Buffer> {
    if (apdu.length < 7) throw new StatusWord("WRONG_LENGTH");
    if (apdu[0] !== 0) throw new StatusWord("CLA_NOT_SUPPORTED");
    const length = apdu.readUInt16BE(5);
    if (apdu[4] !== 0 || apdu.length < 7 + length) throw new StatusWord("WRONG_LENGTH");
    const data = apdu.subarray(7, 7 + length);
    switch (apdu[1]) {
      case INS.REGISTER:
        return this.#register(data);
      case INS.AUTHENTICATE:
        return this.#authenticate(data, apdu[2] === CHECK_ONLY);
      case INS.VERSION:
        return Buffer.from("U2F_V2");
      default:
        throw new StatusWord("INS_NOT_SUPPORTED");
    }
  }

  /** U2F has no keepalives: a command without a touch fails at once, makes the key blink, and is sent again. */
  #requireTouch(): void {
    if (this.#touched) {
      this.#touched = false;
      return;
    }
    if (!this.#touch.isAwaited) {
      const call = { channel: 0, signal: new AbortController().signal, setStatus: () => {} };
      const touched = () => {
        this.#touched = true;
      };
      this.#touch.wait(call).then(touched, () => {});
    }
    throw new StatusWord("CONDITIONS_NOT_SATISFIED");
  }

  async #register(data: Buffer): Promise<Buffer> {
    if (data.length !== 2 * PARAMETER_BYTES) throw new StatusWord("WRONG_LENGTH");
    this.#requireTouch();
    const challenge = data.subarray(0, PARAMETER_BYTES);
    const application = Buffer.from(data.subarray(PARAMETER_BYTES));
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    const keyHandle = randomBytes(64);
    this.#credentials.push({ keyHandle, application, privateKey, counter: 0 });
    const signed = Buffer.concat([Buffer.of(0), application, challenge, keyHandle, point]);
    const { certificate, signature } = await attest(signed);
    return Buffer.concat([Buffer.of(0x05), point, Buffer.of(keyHandle.length), keyHandle, certificate, signature]);
  }

  #authenticate(data: Buffer, checkOnly: boolean): Buffer {
    const [challenge, application] = [data.subarray(0, 32), data.subarray(32, 64)];
    const keyHandle = data.subarray(65);
    if (data.length < 65 || keyHandle.length !== data[64]) throw new StatusWord("WRONG_LENGTH");
    const credential = this.#credentials.find(
      (one) => one.keyHandle.equals(keyHandle) && one.application.equals(application),
    );
    if (credential === undefined) throw new StatusWord("WRONG_DATA");
    if (checkOnly) throw new StatusWord("CONDITIONS_NOT_SATISFIED");
    this.#requireTouch();
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE((credential.counter += 1));
    const signed = Buffer.concat([application, USER_PRESENT, counter, challenge]);
    return Buffer.concat([USER_PRESENT, counter, sign("sha256", signed, credential.privateKey)]);
  }
}

/** The key's model signs for its credentials: a certificate of its own, new for each, as DER, and the signature. */
async function attest(message: Buffer): Promise<{ certificate: Buffer; signature: Buffer }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Software U2F key",
    keys,
    signingAlgorithm: algorithm,
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const signature = sign("sha256", message, { key, format: "der", type: "pkcs8" });
  return { certificate: Buffer.from(certificate.rawData), signature };
}

function word(status: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(status);
  return bytes;
}
