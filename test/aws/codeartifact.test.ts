import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { getAuthorizationToken, getRepositoryEndpoint } from "../../src/aws/codeartifact.ts";
import { awsErrorCode } from "./aws-error-code.ts";
import type { AwsCredentials } from "../../src/aws/sigv4.ts";
import type { ErrorCode, VouchError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import type { Account } from "../sandbox/aws/account.ts";
import { createDeveloperAccount } from "../sandbox/aws/developer-account.ts";
import { serveAws, type AwsServers } from "../sandbox/aws/serve.ts";
import { rejection, startService, virtualClock } from "./scripted-service.ts";

const someCredentials: AwsCredentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
  sessionToken: new Secret("session-token"),
};

function request(url: string, change: Record<string, unknown> = {}) {
  return {
    domain: "my-domain",
    domainOwner: "123456789012",
    region: "us-east-1",
    durationSeconds: 900,
    credentials: someCredentials,
    env: { AWS_ENDPOINT_URL_CODEARTIFACT: url },
    clock: virtualClock(),
    ...change,
  };
}

/** A REST-JSON error in the form of the service. */
function errorAnswer(status: number, code: string, message: string, headers: Record<string, string> = {}) {
  return () =>
    Response.json(
      { message },
      {
        status,
        headers: {
          "x-amzn-errortype": `${code}:http://internal.amazon.com/coral/`,
          "x-amzn-requestid": "r-1",
          ...headers,
        },
      },
    );
}

const goodToken = () => Response.json({ authorizationToken: "eyJ2ZXIiOjEsImlzdSI6.abc-_", expiration: 1700000000.5 });

describe("GetAuthorizationToken", () => {
  test("sends a signed POST without a body, and reads the answer", async () => {
    await using service = startService(goodToken);
    const { token, expiration } = await getAuthorizationToken(request(service.url));
    expect(token.expose()).toBe("eyJ2ZXIiOjEsImlzdSI6.abc-_");
    expect(expiration).toBe(1700000000);
    const [sent] = service.received;
    expect(sent?.method).toBe("POST");
    expect(sent?.body).toBe("");
    expect(`${sent?.url.pathname}${sent?.url.search}`).toBe(
      "/v1/authorization-token?domain=my-domain&domain-owner=123456789012&duration=900",
    );
    expect(sent?.headers.get("authorization")).toStartWith("AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/");
    expect(sent?.headers.get("x-amz-security-token")).toBe("session-token");
  });

  test.each([
    [0, "0"],
    [1, "900"],
    [899.5, "900"],
    [28800.9, "28800"],
    [1e9, "43200"],
  ])("asks for %p seconds as %s", async (durationSeconds, sent) => {
    await using service = startService(goodToken);
    await getAuthorizationToken(request(service.url, { durationSeconds }));
    expect(service.received[0]?.url.searchParams.get("duration")).toBe(sent);
  });

  test.each([
    ["what is no JSON", () => new Response("ok")],
    ["a cut answer", () => new Response('{"authorizationToken":"a","expira')],
    ["an empty object", () => Response.json({})],
    ["an empty token", () => Response.json({ authorizationToken: "", expiration: 1 })],
    ["a token that ends a header", () => Response.json({ authorizationToken: "a\r\nb: c", expiration: 1 })],
    ["a date that is not a number", () => Response.json({ authorizationToken: "a", expiration: "2025-01-01" })],
    ["no date", () => Response.json({ authorizationToken: "a" })],
    ["a date without an end", () => new Response('{"authorizationToken":"a","expiration":1e999}')],
    ["a date before 1970", () => Response.json({ authorizationToken: "a", expiration: -5 })],
    ["a date that no calendar has", () => Response.json({ authorizationToken: "a", expiration: 1e300 })],
  ])("does not take %s for a token", async (_, answer) => {
    await using service = startService(answer);
    expect(await rejection(getAuthorizationToken(request(service.url)))).toMatchObject({ code: "aws_error" });
    expect(service.received).toHaveLength(1);
  });

  test.each([
    ["domain", { domain: "My Domain" }],
    ["owner", { domainOwner: "1234" }],
    ["region", { region: "us-east-1.evil.example/" }],
  ])("sends nothing with a malformed %s", async (_, change) => {
    await using service = startService(goodToken);
    expect(await rejection(getAuthorizationToken(request(service.url, change)))).toMatchObject({ code: "usage" });
    expect(service.received).toEqual([]);
  });
});

describe("GetRepositoryEndpoint", () => {
  test.each([
    [
      "https://d-1.d.codeartifact.us-east-1.amazonaws.com/npm/r/",
      "https://d-1.d.codeartifact.us-east-1.amazonaws.com/npm/r/",
    ],
    [
      "https://d-1.d.codeartifact.us-east-1.amazonaws.com/npm/r",
      "https://d-1.d.codeartifact.us-east-1.amazonaws.com/npm/r/",
    ],
  ])("reads %s", async (repositoryEndpoint, url) => {
    await using service = startService(() => Response.json({ repositoryEndpoint }));
    expect(await getRepositoryEndpoint({ ...request(service.url), repository: "my-repo", format: "npm" })).toBe(url);
    expect(service.received[0]?.method).toBe("GET");
    expect(service.received[0]?.url.search).toBe(
      "?domain=my-domain&domain-owner=123456789012&repository=my-repo&format=npm",
    );
  });

  test("does not accept an endpoint without https", async () => {
    await using service = startService(() => Response.json({ repositoryEndpoint: "http://example.com/npm/r/" }));
    const error = await rejection(
      getRepositoryEndpoint({ ...request(service.url), repository: "my-repo", format: "npm" }),
    );
    expect(error).toMatchObject({ code: "aws_error", message: expect.stringContaining("repositoryEndpoint") });
  });
});

const arn = "arn:aws:codeartifact:us-east-1:123456789012:domain/my-domain";
const errors: [code: string, status: number, ours: ErrorCode, attempts: number, hint: RegExp][] = [
  [
    "AccessDeniedException",
    403,
    "access_denied",
    1,
    new RegExp(`codeartifact:GetAuthorizationToken on ${arn} and sts:GetServiceBearerToken`),
  ],
  [
    "ResourceNotFoundException",
    404,
    "aws_not_found",
    1,
    /Asked in us-east-1 for the domain "my-domain" of the account 123456789012/,
  ],
  ["ValidationException", 400, "aws_error", 1, /vouch setup codeartifact/],
  ["ThrottlingException", 429, "aws_error", 5, /Try again/],
  ["InternalServerException", 500, "aws_error", 5, /CodeArtifact in us-east-1 is failing/],
  ["ExpiredTokenException", 403, "session_expired", 1, /vouch login/],
  ["UnrecognizedClientException", 403, "aws_error", 1, /us-east-1 may be off/],
  ["InvalidSignatureException", 403, "aws_error", 1, /clock/],
  ["RequestTimeTooSkewed", 403, "aws_error", 1, /clock/],
  ["ConflictException", 409, "aws_error", 1, /vouch doctor/],
];

describe("the errors of CodeArtifact in our words", () => {
  test.each(errors)("%s", async (awsCode, status, code, attempts, hint) => {
    await using service = startService(errorAnswer(status, awsCode, "the words of AWS"));
    const error = (await rejection(getAuthorizationToken(request(service.url)))) as VouchError;
    expect(error.code).toBe(code);
    expect(error.message).toBe(
      `AWS CodeArtifact ${attempts > 1 ? "failed at" : "refused"} GetAuthorizationToken for the domain "my-domain" of the account 123456789012: the words of AWS (${awsCode}) [request r-1]`,
    );
    expect(error.hint).toMatch(hint);
    expect(awsErrorCode(error)).toBe(awsCode);
    expect(service.received).toHaveLength(attempts);
  });

  test.each([
    ["x-amzn-errortype alone", { message: "m" }, { "x-amzn-errortype": "AccessDeniedException" }],
    ["__type with a namespace", { __type: "com.amazonaws.codeartifact#AccessDeniedException", message: "m" }, {}],
    ["Message in upper case", { __type: "AccessDeniedException", Message: "m" }, {}],
  ])("the code is found in %s", async (_, body, headers) => {
    await using service = startService(() => Response.json(body, { status: 403, headers }));
    const error = await rejection(getAuthorizationToken(request(service.url)));
    expect(awsErrorCode(error)).toBe("AccessDeniedException");
    expect((error as VouchError).message).toContain(": m (");
  });

  test("a proxy's page is not taken for an answer of AWS", async () => {
    await using service = startService(() => new Response("<h1>Blocked</h1>", { status: 403 }));
    const error = (await rejection(getAuthorizationToken(request(service.url)))) as VouchError;
    expect(error).toMatchObject({ code: "network", hint: expect.stringContaining("HTTPS_PROXY") });
  });
});

describe("the sandbox's CodeArtifact", () => {
  let account: Account;
  let aws: AwsServers;
  let credentials: AwsCredentials;
  beforeEach(() => {
    account = createDeveloperAccount();
    aws = serveAws(account, () => Promise.reject(new Error("no issuer here")));
    credentials = issue();
  });
  afterEach(() => aws.stop());

  function issue(durationSeconds = 3600): AwsCredentials {
    const [role] = account.roles;
    if (!role) throw new Error("the account has no role");
    const issued = account.issueCredentials(role, "dev@example.com", durationSeconds);
    return {
      accessKeyId: issued.accessKeyId,
      secretAccessKey: new Secret(issued.secretAccessKey),
      sessionToken: new Secret(issued.sessionToken),
    };
  }

  const ask = (change: Record<string, unknown> = {}) =>
    getAuthorizationToken(request(aws.codeArtifactUrl, { credentials, ...change }));

  test("gives a token that lives as long as was asked", async () => {
    const { token, expiration } = await ask({ durationSeconds: 1800 });
    expect(token.expose()).toContain("vouch-sandbox-token");
    expect(expiration - Date.now() / 1000).toBeWithin(1790, 1801);
    expect(account.verifyToken(token.expose(), "my-domain")).toMatchObject({ expires: expiration });
    expect(account.verifyToken(token.expose(), "another-domain")).toBeUndefined();
  });

  test("gives a token that ends with the role credentials for 0", async () => {
    const { expiration } = await ask({ durationSeconds: 0 });
    expect(expiration - Date.now() / 1000).toBeWithin(3590, 3601);
  });

  test("gives the endpoint that the rules give", async () => {
    const names = { ...request(aws.codeArtifactUrl, { credentials }), repository: "my-repo", format: "cargo" as const };
    expect(await getRepositoryEndpoint(names)).toBe(
      "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/",
    );
  });

  test.each([60, -60])("corrects a clock that is %p minutes off once", async (minutes) => {
    account.clockOffsetMs = minutes * 60_000;
    credentials = issue();
    await ask();
    expect(account.calls.GetAuthorizationToken).toBe(2);
  });

  test("does not take a wrong secret for a wrong clock", async () => {
    credentials = { ...credentials, secretAccessKey: new Secret("wrong") };
    expect(awsErrorCode(await rejection(ask()))).toBe("InvalidSignatureException");
    expect(account.calls.GetAuthorizationToken).toBe(1);
  });

  test("reports expired credentials", async () => {
    credentials = issue(-1);
    expect(await rejection(ask())).toMatchObject({ code: "session_expired" });
  });

  test.each(["codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"])(
    "names %s when it is denied",
    async (action) => {
      account.deniedActions.add(action);
      const error = (await rejection(ask())) as VouchError;
      expect(error.code).toBe("access_denied");
      expect(error.message).toContain(`not authorized to perform: ${action}`);
      expect(error.hint).toContain(action);
    },
  );

  test("names a repository that does not exist", async () => {
    const names = { ...request(aws.codeArtifactUrl, { credentials }), repository: "my-rpeo", format: "npm" as const };
    const error = (await rejection(getRepositoryEndpoint(names))) as VouchError;
    expect(error.code).toBe("aws_not_found");
    expect(error.hint).toContain('the repository "my-rpeo" in the domain "my-domain" of the account 123456789012');
  });

  test("is asked again after throttling", async () => {
    const headers = { "retry-after": "2" };
    account.failNext("GetAuthorizationToken", { status: 429, code: "ThrottlingException", message: "slow", headers });
    const clock = virtualClock();
    await ask({ clock });
    expect(clock.waits).toEqual([2200]);
  });
});
