import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { assumeRoleWithWebIdentity, tokenSessionName, type RoleCredentials } from "../../src/aws/sts.ts";
import { roleSessionName } from "../../src/aws/names.ts";
import { awsErrorCode } from "./aws-error-code.ts";
import type { ErrorCode, VouchError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDeveloperAccount } from "../sandbox/aws/developer-account.ts";
import { createIssuer, type Issuer } from "../sandbox/aws/sts/issuer.ts";
import { serveAws } from "../sandbox/aws/serve.ts";
import { rejection, startService, virtualClock } from "./scripted-service.ts";

const roleArn = "arn:aws:iam::123456789012:role/vouch-developer";
let issuer: Issuer;
let idToken: Secret;
beforeAll(async () => {
  issuer = await createIssuer();
  idToken = new Secret(await issuer.token());
});

function assume(url: string, change: Partial<Parameters<typeof assumeRoleWithWebIdentity>[0]> = {}) {
  return assumeRoleWithWebIdentity({
    roleArn,
    region: "us-east-1",
    sessionName: "dev@example.com",
    webIdentityToken: idToken,
    durationSeconds: 3600,
    env: { AWS_ENDPOINT_URL_STS: url },
    clock: virtualClock(),
    ...change,
  });
}

/** The official form of an error ("Common errors" of the STS API reference). */
function errorAnswer(status: number, code: string, message: string): () => Response {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>${message}</Message>
  </Error>
  <RequestId>8dbc7a59-d0b8-4f8c-9b0a-aa4b6bb2b5f3</RequestId>
</ErrorResponse>`;
  return () => new Response(body, { status, headers: { "content-type": "text/xml" } });
}

function credentialsAnswer(credentials: string): () => Response {
  return () =>
    new Response(
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>user-0001</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    ${credentials}
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`,
      { headers: { "content-type": "text/xml" } },
    );
}

const goodAnswer = credentialsAnswer(`<Credentials>
      <SessionToken>AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE</SessionToken>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <Expiration>2014-10-24T23:00:23Z</Expiration>
      <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>`);

describe("AssumeRoleWithWebIdentity", () => {
  test("sends an unsigned form, and reads the answer", async () => {
    await using service = startService(goodAnswer);
    const credentials = await assume(service.url);
    expect({ ...credentials, secretAccessKey: credentials.secretAccessKey.expose() }).toMatchObject({
      accessKeyId: "ASgeIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
      expiration: 1414191623,
    });
    expect(credentials.sessionToken.expose()).toBe("AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE");
    const [request] = service.received;
    expect(request?.method).toBe("POST");
    expect(request?.url.pathname).toBe("/");
    expect(request?.headers.has("authorization")).toBe(false);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: "dev@example.com",
      WebIdentityToken: idToken.expose(),
      DurationSeconds: "3600",
    });
  });

  test.each([
    [60, "900"],
    [900.9, "900"],
    [28800, "28800"],
    [99999, "43200"],
  ])("asks for %p seconds as %s", async (durationSeconds, sent) => {
    await using service = startService(goodAnswer);
    await assume(service.url, { durationSeconds });
    expect(new URLSearchParams(service.received[0]?.body).get("DurationSeconds")).toBe(sent);
  });

  test("sends nothing where the region is in another partition than the role", async () => {
    await using service = startService(goodAnswer);
    expect(await rejection(assume(service.url, { region: "cn-north-1" }))).toMatchObject({ code: "usage" });
    expect(service.received).toEqual([]);
  });
});

describe("an answer that is not that of AWS's STS", () => {
  test.each([
    ["no XML", () => new Response("ok")],
    ["cut off", () => new Response('<AssumeRoleWithWebIdentityResponse xmlns="x">')],
    ["without credentials", credentialsAnswer("")],
    ["with an empty key", credentialsAnswer("<Credentials><AccessKeyId></AccessKeyId></Credentials>")],
    ["with a document type", async () => new Response(`<!DOCTYPE a [<!ENTITY e "x">]>${await goodAnswer().text()}`)],
  ])("gives no credentials: %s", async (_, answer) => {
    await using service = startService(answer);
    expect(await rejection(assume(service.url))).toMatchObject({ code: "aws_error" });
    expect(service.received).toHaveLength(1);
  });

  test("is not followed when it is a redirect", async () => {
    await using service = startService(() => new Response(null, { status: 302, headers: { location: "/elsewhere" } }));
    expect(await rejection(assume(service.url))).toMatchObject({ code: "network" });
    expect(service.received).toHaveLength(1);
  });

  test("is not read when it is huge", async () => {
    await using service = startService(() => new Response("x".repeat(1 << 20)));
    expect(await rejection(assume(service.url))).toMatchObject({ code: "network" });
  });
});

/** Every error of the operation in the service model, and what a person is told. */
const errors: [code: string, status: number, message: string, ours: ErrorCode, hint: RegExp][] = [
  [
    "AccessDenied",
    403,
    "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    "access_denied",
    /trust policy must allow sts:AssumeRoleWithWebIdentity, sts:TagSession and sts:SetSourceIdentity to the OIDC provider vouch\.example\.com .*aud "sts\.amazonaws\.com" and sub "user-0001"/,
  ],
  [
    "InvalidIdentityToken",
    400,
    "No OpenIDConnect provider found in your account for https://vouch.example.com",
    "aws_error",
    /IAM, Identity providers.*URL https:\/\/vouch\.example\.com and the audience sts\.amazonaws\.com/,
  ],
  ["IDPRejectedClaim", 403, "The identity provider rejected it", "access_denied", /vouch login/],
  [
    "ExpiredTokenException",
    400,
    "Token expired: current date/time 2 must be before the expiration date/time 1",
    "aws_error",
    /clock of the Vouch server/,
  ],
  [
    "RegionDisabledException",
    403,
    "STS is not activated in this region for account:123456789012",
    "aws_error",
    /us-east-1 may be off/,
  ],
  ["PackedPolicyTooLarge", 400, "Packed size of session tags consumes 120%", "aws_error", /session tags/],
  ["MalformedPolicyDocument", 400, "Syntax errors in policy.", "aws_error", /vouch doctor/],
  [
    "ValidationError",
    400,
    "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint",
    "aws_error",
    /vouch setup aws/,
  ],
  ["SomethingNew", 400, "AWS invents", "aws_error", /vouch doctor/],
  ["constructor", 400, "AWS jokes", "aws_error", /vouch doctor/],
  ["SomethingNewDenied", 403, "AWS invents", "access_denied", /administrator/],
];

describe("the errors of STS in our words", () => {
  test.each(errors)("%s", async (awsCode, status, message, code, hint) => {
    await using service = startService(errorAnswer(status, awsCode, message));
    const error = (await rejection(assume(service.url))) as VouchError;
    expect(error.code).toBe(code);
    expect(error.message).toBe(
      `AWS STS refused AssumeRoleWithWebIdentity for ${roleArn}: ${message} (${awsCode}) [request 8dbc7a59-d0b8-4f8c-9b0a-aa4b6bb2b5f3]`,
    );
    expect(error.hint).toMatch(hint);
    expect(awsErrorCode(error)).toBe(awsCode);
    expect(service.received).toHaveLength(1);
  });

  test.each([
    ["IDPRejectedClaim", "person", "Then run `vouch enroll`."],
    ["ValidationError", "person", "set them with `vouch enroll --role ARN --region REGION`"],
    ["ValidationError", "job", undefined],
    ["PackedPolicyTooLarge", "person", undefined],
  ] as const)("%s has a hint of its own in the guided set-up of a %s where its command is another", async (...at) => {
    const [awsCode, asker, expected] = at;
    await using service = startService(errorAnswer(400, awsCode, "No: `vouch login` is no word of ours here."));
    const error = (await rejection(assume(service.url, { asker }))) as VouchError;
    if (expected === undefined) return expect(error.guidedHint).toBeUndefined();
    expect(error.guidedHint).toContain(expected);
    expect(error.guidedHint).not.toContain("vouch login");
    expect(error.guidedHint).not.toContain("vouch setup");
  });

  test("never contain the identity token", async () => {
    await using service = startService(errorAnswer(403, "AccessDenied", "no"));
    const error = (await rejection(assume(service.url))) as VouchError;
    expect(Bun.inspect(error)).not.toContain(idToken.expose());
  });

  test("never contain what could steer the terminal", async () => {
    await using service = startService(errorAnswer(400, "Odd&#x202e;Code", "a&#x9b;31mred&#x85;\u202eevil"));
    const error = (await rejection(assume(service.url))) as VouchError;
    expect(error.message).toContain("a\ufffd31mred \ufffdevil (Odd\ufffdCode)");
  });
});

describe("a failure of STS that may be temporary", () => {
  test("is retried: throttling, and an IdP that AWS could not reach", async () => {
    await using service = startService(
      errorAnswer(400, "IDPCommunicationError", "later"),
      errorAnswer(400, "Throttling", "Rate exceeded"),
      () => new Response("Service Unavailable", { status: 503 }),
      goodAnswer,
    );
    const clock = virtualClock();
    await assume(service.url, { clock });
    expect(clock.waits).toEqual([200, 400, 800]);
    expect(service.received).toHaveLength(4);
  });

  test("is named in the end when AWS never reaches the IdP", async () => {
    await using service = startService(errorAnswer(400, "IDPCommunicationError", "no"));
    const error = (await rejection(assume(service.url))) as VouchError;
    expect(error.hint).toContain("AWS could not reach https://vouch.example.com");
    expect(service.received).toHaveLength(5);
  });

  test("is retried, then named, when the port is closed", async () => {
    const service = startService(goodAnswer);
    await service[Symbol.asyncDispose]();
    const clock = virtualClock();
    const error = (await rejection(assume(service.url, { clock }))) as VouchError;
    expect(error).toMatchObject({ code: "network", message: expect.stringContaining(new URL(service.url).host) });
    expect(clock.waits).toHaveLength(4);
  });

  test("is not retried after the caller's signal", async () => {
    const abort = new AbortController();
    await using service = startService(() => {
      abort.abort();
      return new Response(null, { status: 500 });
    });
    expect(await rejection(assume(service.url, { signal: abort.signal }))).toMatchObject({ code: "cancelled" });
    expect(service.received).toHaveLength(1);
  });
});

describe("the sandbox's STS", () => {
  const account = createDeveloperAccount({ maxSessionDuration: 3600 });
  let aws: ReturnType<typeof serveAws>;
  beforeAll(() => {
    aws = serveAws(account, issuer.fetch);
  });
  afterAll(() => aws.stop());

  test("gives an hour where the role's MaxSessionDuration is below what was asked", async () => {
    const before = account.calls.AssumeRoleWithWebIdentity;
    const credentials: RoleCredentials = await assume(aws.stsUrl, { durationSeconds: 28800 });
    const seconds = credentials.expiration - Date.now() / 1000;
    expect(seconds).toBeWithin(3590, 3601);
    expect(account.calls.AssumeRoleWithWebIdentity - before).toBe(2);
    const issued = account.credentials(credentials.accessKeyId);
    expect(issued?.sessionToken).toBe(credentials.sessionToken.expose());
    expect(issued?.sessionName).toBe("dev@example.com");
  });

  test("reads every claim that the trust policy and the provider name", async () => {
    const codes = await Promise.all(
      [{ aud: "another" }, { iss: "https://other.example" }, { sub: "short" }, { exp: 1000 }, { iat: undefined }].map(
        async (claims) =>
          awsErrorCode(
            await rejection(assume(aws.stsUrl, { webIdentityToken: new Secret(await issuer.token(claims)) })),
          ),
      ),
    );
    expect(codes).toEqual([
      "InvalidIdentityToken",
      "InvalidIdentityToken",
      "InvalidIdentityToken",
      "ExpiredTokenException",
      "InvalidIdentityToken",
    ]);
  });
});

describe("the session name for an ID token", () => {
  const tokenWith = (claims: unknown) =>
    new Secret(["{}", JSON.stringify(claims), ""].map((part) => Buffer.from(part).toString("base64url")).join("."));
  const tokenOf = (sub: unknown) => tokenWith({ iss: "i", aud: "a", sub });
  test.each<[unknown, string]>([
    ["3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11", "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11"],
    ["dev+1=x,y@example.com", "dev+1=x,y@example.com"],
    ["a".repeat(64), "a".repeat(64)],
    ["a".repeat(65), "o-brien@example.com"],
    ["a", "o-brien@example.com"],
    ["auth0|123", "o-brien@example.com"],
    [undefined, "o-brien@example.com"],
    [7, "o-brien@example.com"],
  ])("with the subject %p is %p", (sub, name) => {
    expect(tokenSessionName(tokenOf(sub), "o'brien@example.com")).toBe(name);
  });

  test.each<[unknown, string]>([
    [["dev@example.com"], "dev@example.com"],
    [["o'brien@example.com"], "o-brien@example.com"],
    [[""], "o-brien@example.com"],
    [["a@example.com", "b@example.com"], "3f1c7a52"],
    ["dev@example.com", "3f1c7a52"],
    [[7], "3f1c7a52"],
    [undefined, "3f1c7a52"],
  ])("with the tag %j is %p", (tag, name) => {
    const claim = { principal_tags: { "vouch:session-name": tag }, transitive_tag_keys: [] };
    const claims = { iss: "i", aud: "a", sub: "3f1c7a52", "https://aws.amazon.com/tags": claim };
    expect(tokenSessionName(tokenWith(claims), "o'brien@example.com")).toBe(name);
  });
});

describe("the role session name", () => {
  test.each([
    ["dev@example.com", "dev@example.com"],
    ["first.last+aws=x,y-z_0@example.com", "first.last+aws=x,y-z_0@example.com"],
    ["o'hara@example.com", "o-hara@example.com"],
    ["jürgen@example.com", "j-rgen@example.com"],
    ["a b\n@example.com", "a-b-@example.com"],
    ["x", "x-"],
    ["", "--"],
    [`${"a".repeat(80)}@example.com`, "a".repeat(64)],
  ])("is made from the email %p: %p", (email, name) => {
    expect(roleSessionName(email)).toBe(name);
    expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
  });
});
