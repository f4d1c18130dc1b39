/** What CodeArtifact lists, as our client asks for it and reads it. */
import { describe, expect, test } from "bun:test";
import { listDomains, listRepositories } from "../../src/aws/codeartifact-names.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDeveloperAccount } from "../sandbox/aws/developer-account.ts";
import { serveAws } from "../sandbox/aws/serve.ts";
import { rejection, startService, virtualClock } from "./scripted-service.ts";

const owner = "123456789012";

function request(
  url: string,
  credentials = { accessKeyId: "ASIAIOSFODNN7EXAMPLE", secretAccessKey: new Secret("secret") },
) {
  return { region: "us-east-1", credentials, env: { AWS_ENDPOINT_URL_CODEARTIFACT: url }, clock: virtualClock() };
}
const ofDomain = (url: string) => ({ ...request(url), domain: "my-domain", domainOwner: owner });

describe("ListDomains", () => {
  test("is a signed POST with a JSON body, asked again for each further page, and sorted by name", async () => {
    await using service = startService(
      () => Response.json({ domains: [{ name: "z-domain", owner, arn: "a", createdTime: 1.5 }], nextToken: "p-2" }),
      () => Response.json({ domains: [{ name: "a-domain", owner, status: "Active" }], nextToken: null }),
    );
    expect(await listDomains(request(service.url))).toEqual({
      items: [
        { name: "a-domain", owner },
        { name: "z-domain", owner },
      ],
      isCut: false,
    });
    expect(service.received.map(({ method, url, body }) => `${method} ${url.pathname}${url.search} ${body}`)).toEqual([
      'POST /v1/domains {"maxResults":100}',
      'POST /v1/domains {"maxResults":100,"nextToken":"p-2"}',
    ]);
    expect(service.received[0]!.headers.get("content-type")).toBe("application/json");
  });

  test("does not show a domain that was deleted", async () => {
    await using service = startService(() => Response.json({ domains: [{ name: "gone", owner, status: "Deleted" }] }));
    expect((await listDomains(request(service.url))).items).toEqual([]);
  });

  test("ends after ten pages, and says that there are more", async () => {
    await using service = startService(() => Response.json({ domains: [{ name: "again", owner }], nextToken: "n" }));
    const { items, isCut } = await listDomains(request(service.url));
    expect({ items: items.length, isCut, asked: service.received.length }).toEqual({
      items: 10,
      isCut: true,
      asked: 10,
    });
  });

  test.each<[string, object]>([
    ["a name that is none", { domains: [{ name: "\u001b[2J", owner }] }],
    ["an owner that is no account", { domains: [{ name: "my-domain", owner: "me" }] }],
    ["no list", { domains: "my-domain" }],
    ["a token of several lines", { domains: [], nextToken: "a\nb" }],
  ])("refuses an answer with %s", async (_, answer) => {
    await using service = startService(() => Response.json(answer));
    expect(await rejection(listDomains(request(service.url)))).toMatchObject({ code: "aws_error" });
  });
});

describe("ListRepositoriesInDomain", () => {
  test("is a signed POST with a query, and keeps the descriptions", async () => {
    await using service = startService(() =>
      Response.json({ repositories: [{ name: "my-repo", description: "Ours" }, { name: "a-repo" }] }),
    );
    expect((await listRepositories(ofDomain(service.url))).items).toEqual([
      { name: "a-repo", description: "" },
      { name: "my-repo", description: "Ours" },
    ]);
    const [sent] = service.received;
    expect(`${sent?.method} ${sent?.url.pathname}${sent?.url.search} ${sent?.body}`).toBe(
      `POST /v1/domain/repositories?domain=my-domain&domain-owner=${owner}&max-results=100 `,
    );
  });

  test("sends nothing for a malformed domain", async () => {
    await using service = startService(() => Response.json({ repositories: [] }));
    const failure = await rejection(listRepositories({ ...ofDomain(service.url), domain: "My Domain" }));
    expect(failure).toMatchObject({ code: "usage" });
    expect(service.received).toEqual([]);
  });
});

describe("of the sandbox", () => {
  const repositories = Array.from({ length: 230 }, (_, index) => `repo-${index}`);

  test("every repository is listed, over several pages", async () => {
    const account = createDeveloperAccount({ repositories });
    const servers = serveAws(account, fetch);
    try {
      const issued = account.issueCredentials(account.roles[0]!, "dev@example.com", 3600);
      const credentials = {
        accessKeyId: issued.accessKeyId,
        secretAccessKey: new Secret(issued.secretAccessKey),
        sessionToken: new Secret(issued.sessionToken),
      };
      const asked = request(servers.codeArtifactUrl, credentials);
      expect(await listDomains(asked)).toEqual({ items: [{ name: "my-domain", owner }], isCut: false });
      const { items, isCut } = await listRepositories({ ...asked, domain: "my-domain", domainOwner: owner });
      expect({ names: items.map(({ name }) => name), isCut }).toEqual({ names: repositories.toSorted(), isCut: false });
      expect(account.calls.ListRepositoriesInDomain).toBe(3);
      account.deniedActions.add("codeartifact:ListDomains");
      expect(await rejection(listDomains(asked))).toMatchObject({
        code: "access_denied",
        hint: expect.stringContaining("codeartifact:ListDomains on *"),
      });
      const missing = await rejection(listRepositories({ ...asked, domain: "no-domain", domainOwner: owner }));
      expect(missing).toMatchObject({ code: "aws_not_found" });
    } finally {
      await servers.stop();
    }
  });
});
