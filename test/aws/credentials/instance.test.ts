import { describe, expect, spyOn, test } from "bun:test";
import { systemClock } from "../../../src/base/net/retry.ts";
import { instanceCredentials, instanceEndpoint } from "../../../src/aws/credentials/instance.ts";
import { rejection } from "../../rejection.ts";
import { createDeveloperAccount } from "../../sandbox/aws/developer-account.ts";
import { serveInstanceMetadata } from "../../sandbox/ci/metadata.ts";
import { startService } from "../scripted-service.ts";

const account = createDeveloperAccount();
const [role] = account.roles;
const at = (url: string) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });

describe("where to ask", () => {
  test.each<[Record<string, string>, string]>([
    [{}, "http://169.254.169.254/"],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6" }, "http://[fd00:ec2::254]/"],
    [at("http://127.0.0.1:1338"), "http://127.0.0.1:1338/"],
    [at("https://metadata.example/base//"), "https://metadata.example/base/"],
  ])("%p", (env, url) => {
    expect(instanceEndpoint(env).href).toBe(url);
  });

  test.each(["http://metadata.example", "http://169.254.169.254@evil.example", "169.254.169.254", "ftp://127.0.0.1"])(
    "refused: %s",
    (url) => {
      expect(() => instanceEndpoint(at(url))).toThrow("names no place to ask for credentials");
    },
  );
});

test("a token first, then the role's name, then its credentials", async () => {
  await using service = serveInstanceMetadata(account, role);
  const { accessKeyId, sessionToken, expiration } = await instanceCredentials(at(service.url));
  expect(account.credentials(accessKeyId)).toMatchObject({ sessionToken: sessionToken!.expose(), expires: expiration });
});

test("switched off, nothing is asked", async () => {
  await using service = serveInstanceMetadata(account, role);
  const env = { ...at(service.url), AWS_EC2_METADATA_DISABLED: "TRUE" };
  expect((await rejection(instanceCredentials(env))).code).toBe("identity_unavailable");
  expect(service.asked).toEqual([]);
});

test("an instance without a role, and a role that cannot be assumed", async () => {
  await using none = serveInstanceMetadata(account, undefined);
  expect(await rejection(instanceCredentials(at(none.url)))).toMatchObject({
    code: "identity_unavailable",
    message: "This EC2 instance has no role.",
  });
  await using broken = serveInstanceMetadata(account, role, { code: "AssumeRoleUnauthorizedAccess" });
  expect(await rejection(instanceCredentials(at(broken.url)))).toMatchObject({
    code: "aws_error",
    message: expect.stringContaining("AssumeRoleUnauthorizedAccess"),
  });
});

test("nothing is asked without a token, as IMDSv1 would let it", async () => {
  await using service = startService(() => new Response("", { status: 404 }));
  expect((await rejection(instanceCredentials(at(service.url)))).message).toContain("status 404");
  expect(service.received.map(({ method }) => method)).toEqual(["PUT"]);
});

test("no answer: the hop limit is named", async () => {
  using waits = spyOn(systemClock, "sleep").mockResolvedValue(undefined);
  const error = await rejection(instanceCredentials(at("http://127.0.0.1:1")));
  expect(waits).toHaveBeenCalled();
  expect(error).toMatchObject({ code: "network", hint: expect.stringContaining("http-put-response-hop-limit 2") });
});
