import { describe, expect, spyOn, test } from "bun:test";
import { systemRetryClock } from "../../../src/base/net/retry.ts";
import { instanceCredentials, instanceEndpoint } from "../../../src/aws/credentials/instance.ts";
import { rejection } from "../../rejection.ts";
import { createDeveloperAccount } from "../../sandbox/aws/developer-account.ts";
import { serveInstanceMetadata } from "../../sandbox/ci/metadata.ts";
import { startService } from "../scripted-service.ts";

const account = createDeveloperAccount();
const [role] = account.roles;
const at = (url: string) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });

describe("the address of an instance's metadata service", () => {
  test.each<[Record<string, string>, string]>([
    [{}, "http://169.254.169.254/"],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6" }, "http://[fd00:ec2::254]/"],
    [at("http://127.0.0.1:1338"), "http://127.0.0.1:1338/"],
    [at("https://metadata.example/base//"), "https://metadata.example/base/"],
  ])("is, with the environment %p, %s", (env, url) => {
    expect(instanceEndpoint(env).href).toBe(url);
  });

  test.each(["http://metadata.example", "http://169.254.169.254@evil.example", "169.254.169.254", "ftp://127.0.0.1"])(
    "is refused when it is %s",
    (url) => {
      expect(() => instanceEndpoint(at(url))).toThrow("names no place to ask for credentials");
    },
  );
});

test("an instance is asked for a token, then for the role's name, then for its credentials", async () => {
  await using service = serveInstanceMetadata(account, role);
  const { accessKeyId, sessionToken, expiration } = await instanceCredentials({ env: at(service.url) });
  expect(account.credentials(accessKeyId)).toMatchObject({ sessionToken: sessionToken!.expose(), expires: expiration });
});

test("with AWS_EC2_METADATA_DISABLED the instance is not asked", async () => {
  await using service = serveInstanceMetadata(account, role);
  const env = { ...at(service.url), AWS_EC2_METADATA_DISABLED: "TRUE" };
  expect((await rejection(instanceCredentials({ env }))).code).toBe("identity_unavailable");
  expect(service.asked).toEqual([]);
});

test("an instance without a role, and a role that cannot be assumed, are errors of their own", async () => {
  await using none = serveInstanceMetadata(account, undefined);
  expect(await rejection(instanceCredentials({ env: at(none.url) }))).toMatchObject({
    code: "identity_unavailable",
    message: "This EC2 instance has no role.",
  });
  await using broken = serveInstanceMetadata(account, role, { code: "AssumeRoleUnauthorizedAccess" });
  expect(await rejection(instanceCredentials({ env: at(broken.url) }))).toMatchObject({
    code: "aws_error",
    message: expect.stringContaining("AssumeRoleUnauthorizedAccess"),
  });
});

test("an instance is asked for nothing without a token, as IMDSv1 would allow", async () => {
  await using service = startService(() => new Response("", { status: 404 }));
  expect((await rejection(instanceCredentials({ env: at(service.url) }))).message).toContain("status 404");
  expect(service.received.map(({ method }) => method)).toEqual(["PUT"]);
});

test("an instance that does not answer is reported with the hint about the hop limit", async () => {
  using waits = spyOn(systemRetryClock, "sleep").mockResolvedValue(undefined);
  const error = await rejection(instanceCredentials({ env: at("http://127.0.0.1:1") }));
  expect(waits).toHaveBeenCalled();
  expect(error).toMatchObject({ code: "network", hint: expect.stringContaining("http-put-response-hop-limit 2") });
});
