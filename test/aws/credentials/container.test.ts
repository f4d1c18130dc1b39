import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { containerCredentials, credentialsUrl } from "../../../src/aws/credentials/container.ts";
import { rejection } from "../../rejection.ts";
import { createDeveloperAccount } from "../../sandbox/aws/developer-account.ts";
import { serveContainerCredentials } from "../../sandbox/ci/metadata.ts";
import { startService } from "../scripted-service.ts";
import { tempFolder } from "../../temp-folder.ts";

const relative = (uri: string) => ({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: uri });
const full = (uri: string) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri });

describe("the address for a container's credentials", () => {
  test.each<[string, Record<string, string>, string]>([
    ["ECS", relative("/v2/credentials/1"), "http://169.254.170.2/v2/credentials/1"],
    [
      "the relative address comes first",
      { ...full("https://a.example/"), ...relative("/x") },
      "http://169.254.170.2/x",
    ],
    ["EKS", full("http://169.254.170.23/v1/credentials"), "http://169.254.170.23/v1/credentials"],
    ["EKS, IPv6", full("http://[fd00:ec2::23]/v1/credentials"), "http://[fd00:ec2::23]/v1/credentials"],
    ["this machine", full("http://127.0.0.1:8080/x"), "http://127.0.0.1:8080/x"],
    ["all of 127/8", full("http://127.1.2.3/x"), "http://127.1.2.3/x"],
    ["this machine, IPv6", full("http://[::1]:8080/x"), "http://[::1]:8080/x"],
    ["by name", full("http://localhost/x"), "http://localhost/x"],
    ["anywhere over TLS", full("https://credentials.example/x"), "https://credentials.example/x"],
  ])("is read from the environment: %s", (_title, env, url) => {
    expect(credentialsUrl(env).href).toBe(url);
  });

  test.each<[string, Record<string, string>]>([
    ["another host without TLS", full("http://credentials.example/x")],
    ["the address of EC2's service", full("http://169.254.169.254/x")],
    ["a name that begins like this machine", full("http://127.0.0.1.evil.example/x")],
    ["a host in the user information", full("http://169.254.170.2@evil.example/x")],
    ["user information", full("https://user:password@credentials.example/x")],
    ["another scheme", full("file:///etc/passwd")],
    ["no URL", full("credentials")],
    ["a relative address that changes the host", relative(".evil.example/x")],
    ["a relative address that makes it user information", relative("@evil.example/x")],
    ["a relative address that changes the port", relative(":8080/x")],
  ])("is refused when it is %s", (_title, env) => {
    expect(() => credentialsUrl(env)).toThrow(/names no place to ask for credentials/);
  });
});

describe("the answer with a container's credentials", () => {
  const account = createDeveloperAccount();
  const [role] = account.roles;

  test("holds credentials that AWS knows, for the authorization of the variable or, before that, of the file", async () => {
    await using service = serveContainerCredentials(account, role!, "Basic sandbox");
    const env = full(`${service.url}/v1/credentials`);
    const token = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic sandbox" };
    const { accessKeyId, expiration } = await containerCredentials({ env: { ...env, ...token } });
    expect(account.credentials(accessKeyId)?.expires).toBe(expiration);
    using folder = tempFolder();
    const file = join(folder.path, "token");
    const withFile = { ...env, ...token, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
    expect((await rejection(containerCredentials({ env: withFile }))).message).toContain(
      "cannot be read: it does not exist",
    );
    writeFileSync(file, "wrong");
    expect((await rejection(containerCredentials({ env: withFile }))).message).toContain("status 403");
    writeFileSync(file, "Basic sandbox\r\nx-evil: 1");
    expect(await rejection(containerCredentials({ env: withFile }))).toMatchObject({
      code: "identity_unavailable",
      message: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds no value of a header field.",
    });
    expect(service.asked).toEqual(["GET /v1/credentials 200", "GET /v1/credentials 403"]);
  });

  test.each<[string, () => Response, string]>([
    ["no JSON", () => new Response("<html>"), "is not as expected at the top level"],
    ["a field is missing", () => Response.json({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE" }), "at SecretAccessKey"],
    [
      "a secret that could not be one",
      () => Response.json({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "a b" }),
      "at SecretAccessKey",
    ],
    [
      "a time that is none",
      () => Response.json({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "x", Expiration: "soon" }),
      "at Expiration",
    ],
    ["a redirect", () => Response.redirect("http://evil.example/", 302), "status 302"],
  ])("is refused: %s", async (_title, answer, message) => {
    await using service = startService(answer);
    const error = await rejection(containerCredentials({ env: full(service.url) }));
    expect(error).toMatchObject({ code: "aws_error", message: expect.stringContaining(message) });
  });

  test("is asked for again when the service fails for a moment", async () => {
    await using service = startService(
      () => new Response("", { status: 503 }),
      () =>
        Response.json({
          AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
          SecretAccessKey: "x",
          Token: "y",
          Expiration: "2099-01-01T00:00:00Z",
        }),
    );
    expect((await containerCredentials({ env: full(service.url) })).expiration).toBe(4_070_908_800);
    expect(service.received).toHaveLength(2);
  });

  test.each([undefined, null, "", "soon", "1", 4_070_908_800, "2026-02-31T99:00:00Z", "0001-01-01T00:00:00Z"])(
    "a container's credentials with the end %p have none, as for the SDKs",
    async (Expiration) => {
      await using service = startService(() =>
        Response.json({ AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "x", Token: "y", Expiration }),
      );
      const failure = await rejection(containerCredentials({ env: full(service.url) }));
      expect(failure).toMatchObject({ code: "aws_error", message: expect.stringContaining("at Expiration") });
    },
  );
});
