import { expect, test } from "bun:test";
import { environmentCredentials } from "../../../src/aws/credentials/environment.ts";

const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "secret/key+" };

test("keys of an IAM user in the environment do not end, and temporary ones end when the environment says", () => {
  const user = environmentCredentials({ env: keys });
  expect(user).toMatchObject({ accessKeyId: keys.AWS_ACCESS_KEY_ID, expiration: Infinity });
  expect(user.sessionToken).toBeUndefined();
  const more = { AWS_SESSION_TOKEN: "token", AWS_CREDENTIAL_EXPIRATION: "2026-01-01T00:00:00Z" };
  const role = environmentCredentials({ env: { ...keys, ...more } });
  expect(role.sessionToken?.expose()).toBe("token");
  expect(role.expiration).toBe(Date.UTC(2026, 0) / 1000);
  expect(Bun.inspect(role)).not.toContain("secret/key+");
});

test.each<[Record<string, string>, string]>([
  [{}, "needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are not set."],
  [{ ...keys, AWS_SECRET_ACCESS_KEY: "" }, "needs AWS_SECRET_ACCESS_KEY, which is not set."],
  [{ ...keys, AWS_ACCESS_KEY_ID: "not a key" }, "is not as expected at AccessKeyId"],
])("credentials in the environment are refused: %p", (env, message) => {
  expect(() => environmentCredentials({ env })).toThrow(message);
});
