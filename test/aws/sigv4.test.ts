import { describe, expect, test } from "bun:test";
import { signRequest } from "../../src/aws/sigv4.ts";
import { Secret } from "../../src/base/secret.ts";
import { live, recorded, type SignatureVector } from "./botocore.ts";

const { accessKeyId } = recorded;
const secretAccessKey = new Secret(recorded.secretAccessKey);

async function ours(vector: SignatureVector): Promise<{ url: string; authorization: string | undefined }> {
  const query: Record<string, string[]> = {};
  for (const [name, value] of vector.query) (query[name] ??= []).push(value);
  const { url, headers } = await signRequest(
    { ...vector, query },
    {
      service: vector.service,
      region: vector.region,
      date: new Date(vector.date),
      credentials: {
        accessKeyId,
        secretAccessKey,
        ...(vector.sessionToken === null ? {} : { sessionToken: new Secret(vector.sessionToken) }),
      },
    },
  );
  return { url, authorization: headers["authorization"] };
}

describe("our signature is that of botocore", () => {
  test.each(recorded.signatures)("for $name, $service in $region at $date", async (vector) => {
    const { url, authorization } = await ours(vector);
    expect(authorization).toBe(vector.authorization);
    expect(new URL(url).href).toBe(new URL(vector.url).href);
  });

  test.each(live())("also for botocore $botocore on this machine", async ({ signatures }) => {
    const answers = await Promise.all(signatures.map(ours));
    expect(answers.map(({ authorization }) => authorization)).toEqual(
      signatures.map(({ authorization }) => authorization),
    );
  });

  test.each([
    ["secret key", { secretAccessKey: new Secret("another") }],
    ["access key", { accessKeyId: "ASIAANOTHERANOTHER00" }],
    ["session token", { sessionToken: new Secret("another") }],
  ])("and another %s gives another one", async (_, change) => {
    const request = { method: "GET", endpoint: "https://codeartifact.us-east-1.amazonaws.com", path: "/v1/x" } as const;
    const scope = { service: "codeartifact", region: "us-east-1", date: new Date(0) };
    const credentials = { accessKeyId, secretAccessKey, sessionToken: new Secret("token") };
    const one = await signRequest(request, { ...scope, credentials });
    const other = await signRequest(request, { ...scope, credentials: { ...credentials, ...change } });
    expect(other.headers["authorization"]).not.toBe(one.headers["authorization"]);
  });
});
