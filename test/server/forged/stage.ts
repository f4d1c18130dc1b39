/** What the table of forged inputs needs to send them. */
import { sign as signBytes, createPrivateKey } from "node:crypto";
import type { DpopKey } from "../oauth/dpop-key.ts";
import type { TestSecurityKey } from "../webauthn/security-key.ts";
import { type Answer, startTestServer, type TestServer, tokenUrl } from "../test-server.ts";

export interface Stage {
  server: TestServer;
  /** A live session, and the security key that opened it. */
  session: { accessToken: string; dpop: DpopKey; key: TestSecurityKey };
}

/** An input that is forged or broken, and how the server answers: status, error code, and words of the reason. */
export type Forged = readonly [
  what: string,
  send: (stage: Stage) => Promise<Answer>,
  status: number,
  error: string,
  reason: string,
];

/** Rows of the table that are answered alike but for the reason. */
export function answered(
  status: number,
  error: string,
  rows: readonly (readonly [what: string, send: Forged[1], reason: string])[],
): Forged[] {
  return rows.map(([what, send, reason]) => [what, send, status, error, reason]);
}

export async function startStage(): Promise<Stage> {
  const server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  return { server, session: await server.session() };
}

export const base64url = (value: string | Uint8Array): string => Buffer.from(value as Uint8Array).toString("base64url");

/** JSON of a value; text is taken as it is, so that it may be broken. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export interface Proof {
  header?: Record<string, unknown> | string;
  claims?: Record<string, unknown> | string;
}

/** A DPoP proof of the token endpoint in which header and claims are replaced, or removed if undefined. */
export async function proofOf({ server, session }: Stage, { header = {}, claims = {} }: Proof = {}): Promise<string> {
  const { d, ...jwk } = await session.dpop.privateJwk();
  const usualHeader = { typ: "dpop+jwt", alg: "ES256", jwk };
  const usualClaims = { jti: crypto.randomUUID(), htm: "POST", htu: tokenUrl, iat: server.now() };
  const parts = [
    typeof header === "string" ? header : { ...usualHeader, ...header },
    typeof claims === "string" ? claims : { ...usualClaims, ...claims },
  ];
  const signed = parts.map((part) => base64url(textOf(part))).join(".");
  const key = createPrivateKey({ key: { ...jwk, d } as never, format: "jwk" });
  return `${signed}.${signBytes("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

export const exchangeParameters = (accessToken: string) => ({
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token: accessToken,
  subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
});

/** An exchange of the session's token with this DPoP header. */
export async function exchangeWith(stage: Stage, dpop: string | undefined): Promise<Answer> {
  const headers: Record<string, string> = dpop === undefined ? {} : { dpop };
  return await stage.server.form("/oauth/token", exchangeParameters(stage.session.accessToken), headers);
}
