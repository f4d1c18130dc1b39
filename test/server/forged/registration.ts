/** A registration that is made of parts, each of which can be another, and signed as such (WebAuthn Level 3, 8.2). */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { type CborKey, type CborValue, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { ES256, exportCoseKey } from "../../../src/fido/codec/cose.ts";
import { signedChallenge } from "../../../src/fido/webauthn/deed.ts";
import { origin } from "../test-server.ts";
import { base64url, type Stage } from "./stage.ts";

/** What a registration is made of; each part can be another. */
interface Parts {
  rpIdHash: Uint8Array;
  flags: number;
  aaguid: Uint8Array;
  id: Uint8Array;
  idLength: number;
  cose: CborValue | Uint8Array;
  rest: Uint8Array;
}

export interface Change {
  parts?: (usual: Parts) => Partial<Parts>;
  /** The attestation object's members. */
  object?: (usual: Map<CborKey, CborValue>) => CborValue;
  /** The attestation statement. */
  statement?: (usual: Map<CborKey, CborValue>) => CborValue;
  /** The bytes of the attestation object. */
  bytes?: (usual: Uint8Array) => Uint8Array;
  clientData?: (usual: Record<string, unknown>) => unknown;
  credential?: (usual: Record<string, unknown>) => unknown;
}

/** Sends an enrolment with that change. */
export const forged = (change: Change) => async (stage: Stage) => {
  const code = await stage.server.invite();
  const { ceremony, options } = await stage.server.enrollOptions(code);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const challenge = signedChallenge(options.challenge, { purpose: "enroll" });
  const usualData = { type: "webauthn.create", challenge, origin, crossOrigin: false };
  const clientData = Buffer.from(JSON.stringify(change.clientData?.(usualData) ?? usualData));
  const id = randomBytes(32);
  const usual: Parts = {
    rpIdHash: createHash("sha256").update(new URL(origin).hostname).digest(),
    flags: 0x45,
    aaguid: Buffer.alloc(16, 7),
    id,
    idLength: id.length,
    cose: exportCoseKey(publicKey, ES256),
    rest: Buffer.alloc(0),
  };
  const parts = { ...usual, ...change.parts?.(usual) };
  const length = Buffer.alloc(2);
  length.writeUInt16BE(change.parts?.(usual).idLength ?? parts.id.length);
  const cose = parts.cose instanceof Uint8Array ? parts.cose : encodeCbor(parts.cose);
  const authData = new Uint8Array(
    Buffer.concat([
      parts.rpIdHash,
      Buffer.of(parts.flags, 0, 0, 0, 1),
      parts.aaguid,
      length,
      parts.id,
      cose,
      parts.rest,
    ]),
  );
  const hash = createHash("sha256").update(clientData).digest();
  const sig = new Uint8Array(sign("sha256", Buffer.concat([authData, hash]), privateKey));
  const usualStatement = new Map<CborKey, CborValue>([
    ["alg", ES256],
    ["sig", sig],
  ]);
  const usualObject = new Map<CborKey, CborValue>([
    ["fmt", "packed"],
    ["attStmt", change.statement?.(usualStatement) ?? usualStatement],
    ["authData", authData],
  ]);
  const encoded = encodeCbor(change.object?.(usualObject) ?? usualObject);
  const credential = {
    id: base64url(parts.id),
    rawId: base64url(parts.id),
    type: "public-key",
    authenticatorAttachment: "cross-platform",
    response: {
      clientDataJSON: base64url(clientData),
      attestationObject: base64url(change.bytes?.(encoded) ?? encoded),
    },
    clientExtensionResults: {},
  };
  const sent = change.credential?.(credential) ?? credential;
  return stage.server.post("/v1/enroll", { ceremony, code, credential: sent });
};
