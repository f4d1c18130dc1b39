/** DPoP proofs (RFC 9449, 4.3). */
import { createHmac } from "node:crypto";
import { DpopKey } from "../oauth/dpop-key.ts";
import { answered, base64url, exchangeWith, type Forged, proofOf, type Stage } from "./stage.ts";

const claims = (changed: Record<string, unknown> | string) => async (stage: Stage) =>
  exchangeWith(stage, await proofOf(stage, { claims: changed }));
const header = (changed: Record<string, unknown> | string) => async (stage: Stage) =>
  exchangeWith(stage, await proofOf(stage, { header: changed }));
const jwk = (change: (jwk: Record<string, unknown>) => unknown) => async (stage: Stage) => {
  const { d, ...own } = await stage.session.dpop.privateJwk();
  return exchangeWith(stage, await proofOf(stage, { header: { jwk: change({ ...own }), spare: d?.length } }));
};
/** The proof as text, changed. */
const text = (change: (proof: string) => string | undefined) => async (stage: Stage) =>
  exchangeWith(stage, change(await proofOf(stage)));
/** Its signature, changed. */
const signature = (change: (bytes: Buffer) => Uint8Array) =>
  text((proof) => {
    const at = proof.lastIndexOf(".") + 1;
    return proof.slice(0, at) + base64url(change(Buffer.from(proof.slice(at), "base64url")));
  });
const at = (seconds: number) => async (stage: Stage) =>
  exchangeWith(stage, await proofOf(stage, { claims: { iat: stage.server.now() + seconds } }));

async function hmac(stage: Stage) {
  const { d: _, ...own } = await stage.session.dpop.privateJwk();
  const [head, body] = (await proofOf(stage, { header: { alg: "HS256" } })).split(".");
  const mac = createHmac("sha256", JSON.stringify(own)).update(`${head}.${body}`).digest();
  return exchangeWith(stage, `${head}.${body}.${base64url(mac)}`);
}

async function ofAnother(stage: Stage, part: number) {
  const other = { ...stage, session: { ...stage.session, dpop: await DpopKey.generate() } };
  const parts = (await proofOf(stage)).split(".");
  parts[part] = (await proofOf(other)).split(".")[part]!;
  return exchangeWith(stage, parts.join("."));
}

async function replayed(stage: Stage) {
  const proof = await proofOf(stage);
  await exchangeWith(stage, proof);
  return exchangeWith(stage, proof);
}

export const proofs: Forged[] = [
  ...answered(400, "invalid_dpop_proof", [
    ["no proof", text(() => undefined), "expected a DPoP header, got none"],
    ["an empty proof", text(() => ""), "the proof or its key is malformed"],
    ["a proof of one letter", text(() => "x"), "the proof or its key is malformed"],
    ["two parts", text((proof) => proof.split(".").slice(0, 2).join(".")), "the proof or its key is malformed"],
    ["five parts, a JWE", text((proof) => `${proof}.x.y`), "the proof or its key is malformed"],
    ["only dots", text(() => ".."), "the proof or its key is malformed"],
    ["two proofs in one header", text((proof) => `${proof}, ${proof}`), "expected one DPoP header, got several"],
    ["a proof with a blank inside", text((proof) => proof.replace(".", ". ")), "the proof or its key is malformed"],
    ["padding", text((proof) => `${proof}==`), "the proof or its key is malformed"],
    [
      "the alphabet of base64",
      text((proof) => proof.replace(/\.[^.]*$/, ".++//")),
      "the proof or its key is malformed",
    ],
    ["a proof of eight thousand letters", text((proof) => proof + "A".repeat(8000)), "its signature does not fit"],
    ["an empty signature", text((proof) => proof.replace(/[^.]*$/, "")), "its signature does not fit"],
    ["a signature of zeros", signature(() => Buffer.alloc(64)), "its signature does not fit"],
    [
      "a signature with a changed bit",
      signature((bytes) => bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte))),
      "its signature does not fit",
    ],
    ["a signature cut short", signature((bytes) => bytes.subarray(0, 63)), "its signature does not fit"],
    [
      "a signature with a byte more",
      signature((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
      "its signature does not fit",
    ],
    [
      "a signature in DER",
      signature((bytes) => Buffer.concat([Buffer.of(48, 68, 2, 32), bytes])),
      "its signature does not fit",
    ],
    [
      "r and s exchanged",
      signature((bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])),
      "its signature does not fit",
    ],
    ["the header of another key's proof", (stage) => ofAnother(stage, 0), "its signature does not fit"],
    ["the claims of another proof", (stage) => ofAnother(stage, 1), "its signature does not fit"],
    ["the signature of another key's proof", (stage) => ofAnother(stage, 2), "its signature does not fit"],
    ["a proof that was used before", replayed, "it has been used before"],
    ["HS256 with the public key as the secret", hmac, 'alg: expected "ES256"'],
    ["a header that is no JSON", header("{"), "the proof or its key is malformed"],
    ["a header that is an array", header("[]"), "the proof or its key is malformed"],
    ["a header that is null", header("null"), "the proof or its key is malformed"],
    ["alg none", header({ alg: "none" }), 'alg: expected "ES256"'],
    ["alg None", header({ alg: "None" }), 'alg: expected "ES256"'],
    ["alg es256", header({ alg: "es256" }), 'alg: expected "ES256"'],
    ["alg RS256", header({ alg: "RS256" }), 'alg: expected "ES256"'],
    ["alg ES384", header({ alg: "ES384" }), 'alg: expected "ES256"'],
    ["alg EdDSA", header({ alg: "EdDSA" }), 'alg: expected "ES256"'],
    ["alg that is a list", header({ alg: ["ES256"] }), 'alg: expected "ES256"'],
    ["no alg", header({ alg: undefined }), "alg is missing"],
    ["typ JWT", header({ typ: "JWT" }), 'typ: expected "dpop+jwt"'],
    ["typ of an access token", header({ typ: "at+jwt" }), 'typ: expected "dpop+jwt"'],
    ["typ that is null", header({ typ: null }), 'typ: expected "dpop+jwt"'],
    ["no typ", header({ typ: undefined }), "typ is missing"],
    ["an unknown critical parameter", header({ crit: ["x"], x: 1 }), "the proof or its key is malformed"],
    ["an empty list of critical parameters", header({ crit: [] }), "the proof or its key is malformed"],
    ["critical parameters that are text", header({ crit: "exp" }), "the proof or its key is malformed"],
    [
      "a payload that is not encoded (RFC 7797)",
      header({ crit: ["b64"], b64: false }),
      "the proof or its key is malformed",
    ],
    ["no jwk", header({ jwk: undefined }), "jwk is missing"],
    ["a jwk that is null", header({ jwk: null }), "jwk: expected Object"],
    ["a jwk that is text", header({ jwk: "x" }), "jwk: expected Object"],
    ["a jwk that is a list", header({ jwk: [] }), "jwk.kty is missing"],
    ["an empty jwk", header({ jwk: {} }), "jwk.kty is missing"],
    [
      "the private key in the jwk",
      async (stage) =>
        exchangeWith(stage, await proofOf(stage, { header: { jwk: await stage.session.dpop.privateJwk() } })),
      "jwk.d: expected the public key only",
    ],
    ["a symmetric jwk", jwk(() => ({ kty: "oct", k: "AAAA" })), 'jwk.kty: expected "EC"'],
    ["an RSA jwk", jwk(() => ({ kty: "RSA", n: "AQAB", e: "AQAB" })), 'jwk.kty: expected "EC"'],
    ["an Ed25519 jwk", jwk(() => ({ kty: "OKP", crv: "Ed25519", x: "AAAA" })), 'jwk.kty: expected "EC"'],
    ["a jwk on P-384", jwk((own) => ({ ...own, crv: "P-384" })), 'jwk.crv: expected "P-256"'],
    ["a jwk on secp256k1", jwk((own) => ({ ...own, crv: "secp256k1" })), 'jwk.crv: expected "P-256"'],
    ["a jwk without y", jwk((own) => ({ ...own, y: undefined })), "jwk.y is missing"],
    ["a jwk whose x is a number", jwk((own) => ({ ...own, x: 1 })), "jwk.x: expected string"],
    ["a jwk whose x is short", jwk((own) => ({ ...own, x: "AAAA" })), "the proof or its key is malformed"],
    ["a point off the curve", jwk((own) => ({ ...own, y: own["x"] })), "the proof or its key is malformed"],
    [
      "the point of zeros",
      jwk((own) => ({ ...own, x: "A".repeat(43), y: "A".repeat(43) })),
      "the proof or its key is malformed",
    ],
    ["claims that are no JSON", claims("{"), "the proof or its key is malformed"],
    ["claims that are a list", claims("[]"), "the proof or its key is malformed"],
    ["claims that are null", claims("null"), "the proof or its key is malformed"],
    ["claims that are a number", claims("1"), "the proof or its key is malformed"],
    ["another htm", claims({ htm: "GET" }), 'expected htm "POST", got "GET"'],
    ["htm in small letters", claims({ htm: "post" }), 'expected htm "POST", got "post"'],
    ["an empty htm", claims({ htm: "" }), 'expected htm "POST", got ""'],
    ["htm that is a list", claims({ htm: ["POST"] }), "htm: expected string"],
    ["no htm", claims({ htm: undefined }), "htm is missing"],
    [
      "htu with another path",
      claims({ htu: "https://vouch.example.com/oauth/revoke" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.com/oauth/revoke"',
    ],
    [
      "htu with a longer path",
      claims({ htu: "https://vouch.example.com/oauth/token/" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.com/oauth/token/"',
    ],
    [
      "htu with an encoded slash",
      claims({ htu: "https://vouch.example.com/oauth%2ftoken" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.com/oauth%2ftoken"',
    ],
    [
      "htu with another host",
      claims({ htu: "https://vouch.example.org/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.org/oauth/token"',
    ],
    [
      "htu with a host that only begins alike",
      claims({ htu: "https://vouch.example.com.evil.example/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.com.evil.example/oauth/token"',
    ],
    [
      "htu with another scheme",
      claims({ htu: "http://vouch.example.com/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "http://vouch.example.com/oauth/token"',
    ],
    [
      "htu with another port",
      claims({ htu: "https://vouch.example.com:8443/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://vouch.example.com:8443/oauth/token"',
    ],
    [
      "htu with a user name",
      claims({ htu: "https://someone@vouch.example.com/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://someone@vouch.example.com/oauth/token"',
    ],
    [
      "htu with a password",
      claims({ htu: "https://:x@vouch.example.com/oauth/token" }),
      'expected htu "https://vouch.example.com/oauth/token", got "https://:x@vouch.example.com/oauth/token"',
    ],
    ["htu that is a path", claims({ htu: "/oauth/token" }), "htu: expected to fit url"],
    ["htu of data", claims({ htu: "data:,x" }), 'expected htu "https://vouch.example.com/oauth/token", got "data:,x"'],
    ["an empty htu", claims({ htu: "" }), "htu: expected to fit url"],
    ["htu that is a number", claims({ htu: 1 }), "htu: expected string"],
    ["no htu", claims({ htu: undefined }), "htu is missing"],
    ["iat of 61 seconds ago", at(-61), "the clock of this machine is 61 seconds behind the server's"],
    ["iat of a day ago", at(-86_400), "the clock of this machine is 86400 seconds behind the server's"],
    ["iat in 61 seconds", at(61), "the clock of this machine is 61 seconds ahead of the server's"],
    ["iat with a fraction", at(0.5), "iat: expected to fit integer"],
    [
      "iat in milliseconds",
      async (stage) => at(stage.server.now() * 999)(stage),
      "the clock of this machine is 1798200000000 seconds ahead of the server's",
    ],
    [
      "iat that is negative",
      claims({ iat: -1 }),
      "the clock of this machine is 1800000001 seconds behind the server's",
    ],
    ["iat that is text", claims({ iat: "1800000000" }), "its iat is not as expected"],
    ["iat that is null", claims({ iat: null }), "its iat is not as expected"],
    ["no iat", claims({ iat: undefined }), "iat is missing"],
    ["exp in the past", claims({ exp: 1_700_000_000 }), "its exp is not as expected"],
    ["exp that is text", claims({ exp: "never" }), "its exp is not as expected"],
    ["nbf in the future", claims({ nbf: 1_900_000_000 }), "its nbf is not as expected"],
    ["jti of seven letters", claims({ jti: "1234567" }), "jti: expected >=8"],
    ["jti of 257 letters", claims({ jti: "x".repeat(257) }), "jti: expected <=256"],
    ["jti that is a number", claims({ jti: 12345678 }), "jti: expected string"],
    ["no jti", claims({ jti: undefined }), "jti is missing"],
    ["ath of another token", claims({ ath: base64url(Buffer.alloc(32)) }), "its ath is of another access token"],
    ["an empty ath", claims({ ath: "" }), "its ath is of another access token"],
    ["ath that is null", claims({ ath: null }), "ath: expected string"],
    ["a nonce that is a number", claims({ nonce: 1 }), "nonce: expected string"],
    ["a nonce of 257 letters", claims({ nonce: "x".repeat(257) }), "nonce: expected <=256"],
  ]),
  ...answered(400, "use_dpop_nonce", [
    [
      "a nonce that was made up",
      claims({ nonce: "made-up" }),
      "Expected a DPoP proof with the nonce of the DPoP-Nonce header, got one that is unknown or too old",
    ],
  ]),
];
