/** The judge of the sandbox's strictness: the real AWS CLI is accepted with good credentials and refused with bad ones. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { awsClis, requiresAwsCli } from "../../requires.ts";
import type { Account, IssuedCredentials } from "./account.ts";
import { createDeveloperAccount } from "./developer-account.ts";
import { createIssuer, type Issuer } from "./sts/issuer.ts";
import { serveAws, type AwsServers } from "./serve.ts";
import { tempFolder } from "../../temp-folder.ts";

// The AWS CLI takes a second or more to start, several when the machine is busy.
const roleArn = "arn:aws:iam::123456789012:role/vouch-developer";

// Every AWS CLI on PATH: version 1 and version 2 differ in how they sign and send.
describe.each(requiresAwsCli() ? awsClis() : [])("against the sandbox %s", (aws) => {
  let account: Account;
  let issuer: Issuer;
  let servers: AwsServers;
  const temporary = tempFolder();
  const home = temporary.path;
  let credentials: IssuedCredentials;

  beforeAll(async () => {
    account = createDeveloperAccount();
    issuer = await createIssuer();
    servers = serveAws(account, issuer.fetch);
    const [role] = account.roles;
    if (!role) throw new Error("the account has no role");
    credentials = account.issueCredentials(role, "dev@example.com", 3600);
  });
  afterAll(async () => {
    await servers.stop();
    temporary[Symbol.dispose]();
  });

  async function run(args: string[], env: Record<string, string> = {}) {
    const child = Bun.spawn([aws, ...args], {
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_MAX_ATTEMPTS: "1",
        AWS_PAGER: "",
        AWS_DEFAULT_OUTPUT: "json",
        AWS_REGION: "us-east-1",
        AWS_DEFAULT_REGION: "us-east-1",
        NO_PROXY: "127.0.0.1",
        ...env,
      },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { stdout, stderr, exitCode };
  }
  const signing = (change: Partial<IssuedCredentials> = {}): Record<string, string> => {
    const { accessKeyId, secretAccessKey, sessionToken } = { ...credentials, ...change };
    return {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
  };
  const token = (...more: string[]): string[] =>
    `codeartifact get-authorization-token --endpoint-url ${servers.codeArtifactUrl} --domain my-domain --domain-owner 123456789012`
      .split(" ")
      .concat(more);
  const assumeRole = (jwt: string): string[] =>
    `sts assume-role-with-web-identity --endpoint-url ${servers.stsUrl} --role-arn ${roleArn} --role-session-name dev@example.com --web-identity-token ${jwt}`.split(
      " ",
    );

  test("gets an authorization token with good credentials", async () => {
    const { stdout, stderr, exitCode } = await run(token("--duration-seconds", "900"), signing());
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const { authorizationToken } = JSON.parse(stdout) as { authorizationToken: string };
    expect(authorizationToken).toContain("vouch-sandbox-token");
    expect(account.verifyToken(authorizationToken, "my-domain")?.role.name).toBe("vouch-developer");
  });

  test("gets a repository endpoint", async () => {
    const command = `codeartifact get-repository-endpoint --endpoint-url ${servers.codeArtifactUrl} --domain my-domain`;
    const { stdout, exitCode } = await run(`${command} --repository my-repo --format npm`.split(" "), signing());
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      repositoryEndpoint: "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/",
    });
  });

  test("lists domains, and their repositories over several pages", async () => {
    const list = async (command: string) => {
      const words = `codeartifact ${command} --endpoint-url ${servers.codeArtifactUrl}`.split(" ");
      const { stdout, exitCode } = await run(words, signing());
      expect(exitCode).toBe(0);
      return JSON.parse(stdout) as Record<string, { name: string }[]>;
    };
    expect((await list("list-domains"))["domains"]).toMatchObject([{ name: "my-domain", owner: "123456789012" }]);
    const listed = await list("list-repositories-in-domain --domain my-domain --page-size 1");
    expect(listed["repositories"]!.map(({ name }) => name)).toEqual(account.domains[0]!.repositories);
  });

  test("is told who it is by STS", async () => {
    const { stdout, exitCode } = await run(["sts", "get-caller-identity", "--endpoint-url", servers.stsUrl], signing());
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      Account: "123456789012",
      Arn: "arn:aws:sts::123456789012:assumed-role/vouch-developer/dev@example.com",
    });
  });

  test("assumes the role with a web identity, and the credentials sign", async () => {
    const { stdout, stderr, exitCode } = await run(assumeRole(await issuer.token()));
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const { Credentials } = JSON.parse(stdout) as {
      Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
    };
    const signed = await run(token(), {
      AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
      AWS_SESSION_TOKEN: Credentials.SessionToken,
    });
    expect(signed.exitCode).toBe(0);
  });

  test.each([
    ["a wrong secret key", { secretAccessKey: "wrong" }, "InvalidSignatureException"],
    ["a wrong session token", { sessionToken: "wrong" }, "UnrecognizedClientException"],
    ["an unknown access key", { accessKeyId: "ASIAUNKNOWNUNKNOWN00" }, "UnrecognizedClientException"],
  ])("is refused with %s", async (_, change, code) => {
    const { stderr, exitCode } = await run(token(), signing(change));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(`(${code})`);
  });

  test("is refused the domain of another name, and a region that it did not sign for", async () => {
    expect((await run([...token(), "--domain", "other-domain"], signing())).stderr).toContain(
      "(AccessDeniedException)",
    );
    expect((await run([...token(), "--region", "eu-west-1"], signing())).stderr).toContain(
      "(InvalidSignatureException)",
    );
  });

  test("is refused a web identity that nobody signed", async () => {
    const jwt = await issuer.token();
    const forged = `${jwt.slice(0, -8)}AAAAAAAA`;
    const { stderr, exitCode } = await run(assumeRole(forged));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("(InvalidIdentityToken)");
  });
});
