/** The sandbox refuses a signed request in which anything was changed after signing. */
import { beforeAll, describe, expect, test } from "bun:test";
import { signRequest, type AwsCredentials } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { Account, IssuedCredentials } from "./account.ts";
import { createDeveloperAccount } from "./developer-account.ts";
import { verifySignature } from "./sigv4.ts";

const account: Account = createDeveloperAccount();
const scope = { service: "codeartifact", region: "us-east-1" };
let issued: IssuedCredentials;
let credentials: AwsCredentials;
beforeAll(() => {
  const [role] = account.roles;
  if (!role) throw new Error("the account has no role");
  issued = account.issueCredentials(role, "dev@example.com", 3600);
  credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
});

interface Message {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

async function signed(date = new Date()): Promise<Message> {
  const { url, headers } = await signRequest(
    {
      method: "POST",
      endpoint: "https://codeartifact.us-east-1.amazonaws.com",
      path: "/v1/a b/ü",
      query: { domain: "my-domain", note: "a b+c/ü" },
      headers: { "content-type": "application/json" },
      body: "{}",
    },
    { ...scope, credentials, date },
  );
  return { method: "POST", url, headers: { ...headers, host: new URL(url).host }, body: "{}" };
}

function verify({ method, url, headers, body }: Message, change: Partial<typeof scope> = {}): IssuedCredentials {
  const request = new Request(url, { method, headers, ...(body ? { body } : {}) });
  return verifySignature(request, new TextEncoder().encode(body), { account, ...scope, ...change });
}

test("the sandbox accepts a request as it was signed", async () => {
  expect(verify(await signed())).toBe(issued);
});

const header = (name: string, value: string) => (message: Message) => {
  message.headers[name] = value;
};
const authorization = (from: string | RegExp, to: string) => (message: Message) => {
  message.headers["authorization"] = message.headers["authorization"]?.replace(from, to) ?? "";
};

describe("the sandbox refuses", () => {
  test.each<[string, (message: Message) => void, string]>([
    ["another method", (message) => (message.method = "PUT"), "InvalidSignatureException"],
    ["another path", (message) => (message.url = message.url.replace("/v1/", "/v2/")), "InvalidSignatureException"],
    [
      "another query value",
      (message) => (message.url = message.url.replace("my-domain", "d2")),
      "InvalidSignatureException",
    ],
    ["one query value more", (message) => (message.url += "&x=1"), "InvalidSignatureException"],
    ["another body", (message) => (message.body = "{ }"), "InvalidSignatureException"],
    ["another host", header("host", "codeartifact.eu-west-1.amazonaws.com"), "InvalidSignatureException"],
    ["another signed header", header("content-type", "text/plain"), "InvalidSignatureException"],
    ["an x-amz- header that is not signed", header("x-amz-meta", "1"), "InvalidSignatureException"],
    [
      "a payload hash that is not the body's",
      header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
      "InvalidSignatureException",
    ],
    [
      "host left out of the signed headers",
      authorization("content-type;host;", "content-type;"),
      "InvalidSignatureException",
    ],
    [
      "a signed header that is not there",
      authorization("content-type;", "content-length;content-type;"),
      "InvalidSignatureException",
    ],
    ["another signature", authorization(/.{4}$/, "0000"), "InvalidSignatureException"],
    ["another date in the scope", authorization(/\/\d{8}\//, "/20200101/"), "InvalidSignatureException"],
    ["another region in the scope", authorization("us-east-1", "us-east-2"), "InvalidSignatureException"],
    ["another service in the scope", authorization("/codeartifact/", "/sts/"), "InvalidSignatureException"],
    ["another session token", header("x-amz-security-token", "another"), "UnrecognizedClientException"],
    ["no session token", (message) => delete message.headers["x-amz-security-token"], "UnrecognizedClientException"],
    [
      "an unknown access key",
      authorization(/Credential=\w+/, "Credential=ASIAUNKNOWN000000000"),
      "UnrecognizedClientException",
    ],
    ["no Authorization", (message) => delete message.headers["authorization"], "MissingAuthenticationTokenException"],
    ["another algorithm", authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "IncompleteSignatureException"],
    ["no date", (message) => delete message.headers["x-amz-date"], "IncompleteSignatureException"],
    ["a date in another form", header("x-amz-date", "2025-01-31T00:00:00Z"), "IncompleteSignatureException"],
  ])("%s", async (_, tamper, code) => {
    const message = await signed();
    tamper(message);
    expect(() => verify(message)).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    [-6, /Signature expired/],
    [6, /Signature not yet current/],
  ])("a signature %p minutes from now", async (minutes, message) => {
    const other = await signed(new Date(Date.now() + minutes * 60_000));
    expect(() => verify(other)).toThrow(message);
  });

  test("credentials that have ended", async () => {
    const message = await signed();
    const { expires } = issued;
    issued.expires = Math.floor(Date.now() / 1000) - 1;
    try {
      expect(() => verify(message)).toThrow(expect.objectContaining({ code: "ExpiredTokenException" }));
    } finally {
      issued.expires = expires;
    }
  });

  test("a request for another region or service", async () => {
    const message = await signed();
    expect(() => verify(message, { region: "eu-west-1" })).toThrow(/valid region/);
    expect(() => verify(message, { service: "sts" })).toThrow(/correct service: 'sts'/);
  });
});

test.each([-4, 4])("the sandbox accepts a signature %p minutes from now", async (minutes) => {
  expect(verify(await signed(new Date(Date.now() + minutes * 60_000)))).toBe(issued);
});
