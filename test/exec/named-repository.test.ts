import { describe, expect, test } from "bun:test";
import { endpointNamed } from "../../src/exec/named-repository.ts";

const repository = (domain: string, name: string, more: { profile?: string; roleArn?: string } = {}) => ({
  domain,
  domainOwner: "123456789012",
  region: "us-east-1",
  repository: name,
  endpoints: { pypi: `https://${domain}.example/pypi/${name}/` },
  ...(more.profile === undefined ? {} : { profile: more.profile }),
  tokens: [{ purpose: "read" as const, roleArn: more.roleArn ?? "arn:aws:iam::123456789012:role/r", via: [] }],
});

describe("the repository that the AWS CLI's words name", () => {
  const all = [repository("a", "one"), repository("b", "one"), repository("a", "two")];

  test("is the one with that domain and that name", () => {
    expect(endpointNamed({ domain: "a", repository: "one" }, all)).toBe("https://a.example/pypi/one/");
    expect(endpointNamed({ domain: "b" }, all)).toBe("https://b.example/pypi/one/");
  });

  test("may be any of several whose token is the same", () => {
    expect(endpointNamed({ domain: "a" }, all)).toBe("https://a.example/pypi/two/");
  });

  test.each([
    ["domains", { repository: "one" }, all],
    ["roles", { domain: "a" }, [repository("a", "one"), repository("a", "two", { roleArn: "arn:other" })]],
    ["profiles", { domain: "a" }, [repository("a", "one"), repository("a", "two", { profile: "acme" })]],
  ])("is asked for with the command for each where their %s differ", (_, name, repositories) => {
    expect(() => endpointNamed(name, repositories)).toThrow(
      expect.objectContaining({
        code: "usage",
        hint: expect.stringMatching(/^Name one: `vouch credential codeartifact --endpoint https:.* or `vouch /),
      }),
    );
  });

  test("is none for another domain, owner, region or profile; the error has the person's own words", () => {
    for (const name of [{ domain: "c" }, { domainOwner: "1" }, { domain: "a", region: "x" }, { profile: "p" }]) {
      expect(() => endpointNamed(name, all)).toThrow(expect.objectContaining({ code: "not_configured" }));
    }
    expect(() => endpointNamed({ domain: "c", domainOwner: "1" }, all)).toThrow(
      expect.objectContaining({
        message: "No repository is set up with domain c, domain owner 1 (set up: a/one, b/one, a/two).",
        hint: "Run `vouch setup codeartifact --domain c --repository REPOSITORY --domain-owner 1`.",
      }),
    );
  });
});
