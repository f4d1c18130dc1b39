/** What auditors and administrators read over the API, page by page, and nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { routes } from "../../../src/server/routes.ts";
import { newPerson, type Person } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { newHolder } from "./administrators.ts";

let server: TestServer;
let auditor: Person & { id: string };
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  for (let count = 0; count < 3; count++) await newPerson(server);
  auditor = await newHolder(server, "auditor");
});
afterAll(() => server.stop());

/** The proof is for the URL without its query (RFC 9449, 4.2). */
async function read(who: Person, path: string) {
  const [pathname = ""] = path.split("?");
  return await server.inSession(who, "GET", path, undefined, { htu: `https://vouch.example.com${pathname}` });
}
const body = async (path: string) => {
  const answer = await read(auditor, path);
  expect({ path, status: answer.status }).toEqual({ path, status: 200 });
  return answer.body;
};
const listed = async (query: string) =>
  (await body(`/v1/admin/people?${query}`)).people.map(({ email }: { email: string }) => email);

const readable: Record<string, string> = {
  "/v1/admin/person": "?email=nobody@example.com",
  "/v1/admin/members": "?group=nothing",
  "/v1/admin/announced": "?email=nobody@example.com",
  "/v1/admin/activity": "?since=0&until=3600",
};

test("profiles are listed with what they tell laptops, and those of a person together", async () => {
  const aws = { roleArn: "arn:aws:iam::123456789012:role/dev", region: "us-east-1" };
  await server.store.laptopProfiles.set("company", undefined, JSON.stringify({ aws }), server.now());
  expect((await body("/v1/admin/profiles")).profiles).toEqual([
    { name: "company", group: null, updatedAt: server.now(), body: { aws } },
  ]);
  const told = await body(`/v1/admin/announced?email=${auditor.email}`);
  expect(told).toEqual((await server.inSession(auditor, "GET", "/v1/profile")).body);
});

test.each(
  routes.filter(({ path, method }) => path.startsWith("/v1/admin/") && method === "GET").map(({ path }) => path),
)("GET %s is for auditors and administrators alone", async (path) => {
  const query = readable[path] ?? "";
  const member = await newHolder(server, "member");
  expect(await read(member, path + query)).toMatchObject({ status: 403, body: { error: { code: "access_denied" } } });
  expect((await server.send(path + query)).status).toBe(401);
  for (const role of ["auditor", "administrator"] as const) {
    expect([200, 404]).toContain((await read(await newHolder(server, role), path + query)).status);
  }
});

describe("people", () => {
  test("come page by page, in the order of their addresses", async () => {
    const emails = (await server.store.accounts.users(server.now())).map(({ email }) => email);
    const first = await body("/v1/admin/people?limit=2");
    expect(first.people.map(({ email }: { email: string }) => email)).toEqual(emails.slice(0, 2));
    expect(first.next).toBe(emails[1]);
    expect((await listed(`limit=200&after=${first.next}`)).slice(0, 2)).toEqual(emails.slice(2, 4));
  });

  test("are found by part of their address or name, by role, state and group", async () => {
    const wanted = await server.store.accounts.invite("wanted_100%@example.com", "w", server.now(), server.now() + 60);
    await server.store.accounts.invite("wantedx100x@example.com", "x", server.now(), server.now() + 60);
    await server.store.accounts.setDisabled(wanted.id, server.now());
    const { id } = (await server.store.groups.create("Some Team", "local", server.now()))!;
    await server.store.groups.join(id, wanted.id, "local");
    await server.store.groups.join(id, wanted.id, "sso");
    expect(await listed(`search=${encodeURIComponent("WANTED_100%")}`)).toEqual([wanted.email]);
    expect(await listed("disabled=true")).toEqual([wanted.email]);
    expect(await listed("search=wanted&disabled=false")).toEqual(["wantedx100x@example.com"]);
    expect(await listed("group=Some+Team")).toEqual([wanted.email]);
    expect(await listed("group=Some+Team&role=administrator")).toEqual([]);
    expect(await listed("role=auditor")).toContain(auditor.email);
    const whole = (await body(`/v1/admin/person?email=${encodeURIComponent(wanted.email)}`)).person;
    expect(whole).toMatchObject({
      disabled: true,
      disabledBy: "administrator",
      groups: [{ name: "Some Team", sources: ["local", "sso"] }],
    });
    expect((await body("/v1/admin/groups")).groups).toMatchObject([{ name: "Some Team", members: 1 }]);
    expect((await body("/v1/admin/members?group=Some+Team")).members).toEqual([
      { id: wanted.id, email: wanted.email, disabled: true, sources: ["local", "sso"] },
    ]);
  });

  test("are found by how SCIM stands to them, and say what it calls them", async () => {
    const { provisioned } = server.store;
    const kept = await newPerson(server);
    const { id } = (await server.store.accounts.findUser(kept.email))!;
    await provisioned.setState(id, "managed");
    const names = { displayName: undefined, givenName: undefined, familyName: undefined };
    await provisioned.write(id, { email: kept.email, ...names, externalId: "00u1" });
    expect(await listed("scim=managed")).toEqual([kept.email]);
    expect(await listed("scim=open")).toEqual([]);
    const { person } = await body(`/v1/admin/person?email=${kept.email}`);
    expect(person).toMatchObject({ scim: "managed", externalId: "00u1" });
    expect((await body("/v1/admin/people?scim=managed")).people[0].scim).toBe("managed");
    await server.store.scimTokens.add("entra", "hash", server.now());
    const tokens = [{ name: "entra", createdAt: server.now(), lastUsedAt: null }];
    expect((await body("/v1/admin/scim-tokens")).tokens).toEqual(tokens);
  });

  test("one is shown with keys, identities and sessions", async () => {
    const identity = { issuer: "https://login.example.com", subject: "42" };
    await server.store.identities.add(identity, auditor.id, server.now());
    const page = { user: { ...auditor, disabled: false }, createdAt: server.now(), expiresAt: server.now() + 60 };
    await server.store.pageSessions.add("by a key", { ...page, method: "key", credentialId: auditor.key.id });
    await server.store.pageSessions.add("by sign-on", { ...page, method: "sso", credentialId: undefined });
    const { person } = await body(`/v1/admin/person?email=${auditor.email}`);
    expect(person).toMatchObject({
      id: auditor.id,
      role: "auditor",
      credentials: [{ id: auditor.key.id, name: "first", modelAttested: false }],
      identities: [{ ...identity, createdAt: server.now(), lastSeenAt: null }],
      sessions: 3,
      liveSessions: [
        { kind: "page", key: null, client: null },
        { kind: "page", key: "first", client: null },
        { kind: "client", key: "first", createdAt: server.now() },
      ],
    });
  });
});

test("open codes come page by page, the next to expire first, and nothing of the codes", async () => {
  const now = server.now();
  for (const name of ["late", "soon", "over"]) {
    const seconds = { late: 1e6, soon: 1, over: 0 }[name]!;
    await server.store.accounts.invite(`${name}@example.net`, `hash of ${name}`, now, now + seconds);
  }
  const first = await body("/v1/admin/invites?limit=1");
  expect(first.invites).toMatchObject([
    { email: "soon@example.net", isFirst: true, createdAt: now, expiresAt: now + 1 },
  ]);
  const rest = await body(`/v1/admin/invites?after=${first.next}`);
  const others = rest.invites.map(({ email }: { email: string }) => email);
  expect(others.at(-1)).toBe("late@example.net");
  for (const absent of ["soon@example.net", "over@example.net"]) expect(others).not.toContain(absent);
  expect(rest.next).toBeUndefined();
  expect(JSON.stringify([first, rest])).not.toContain("hash of");
  expect((await read(auditor, "/v1/admin/invites?after=1_'")).status).toBe(400);
});

describe("the audit log", () => {
  test("comes the newest first, page by page, each entry once", async () => {
    const all: { chain: string; number: number; time: number }[] = [];
    let next: string | undefined;
    do {
      const page = await body(`/v1/admin/audit?limit=3${next === undefined ? "" : `&after=${next}`}`);
      all.push(...page.entries);
      next = page.next;
    } while (next !== undefined);
    expect(all.length).toBeGreaterThan(8);
    expect(new Set(all.map(({ chain, number }) => `${chain} ${number}`)).size).toBe(all.length);
    expect(all).toEqual(all.toSorted((one, other) => other.time - one.time || other.number - one.number));
    expect((await body("/v1/admin/audit")).entries).toEqual(all);
  });

  test("is filtered by person, event and period", async () => {
    const entries = async (query: string) => (await body(`/v1/admin/audit?${query}`)).entries;
    const logins = await entries(`who=${auditor.email}&event=login`);
    expect(logins).toMatchObject([{ event: "login", user: auditor.id }]);
    expect(await entries(`who=${auditor.id}&event=login`)).toEqual(logins);
    expect(await entries(`until=${logins[0].time}`)).toEqual([]);
    expect(await entries(`since=${logins[0].time + 1}`)).toEqual([]);
  });
});

test("signing keys are shown with their ages, and nothing of the private part", async () => {
  const { keys } = await body("/v1/admin/signing-keys");
  expect(keys).toMatchObject([{ state: "signing", until: null, protection: "clear" }]);
  expect(Object.keys(keys[0]).toSorted()).toEqual(["kid", "protection", "publishedAt", "signsFrom", "state", "until"]);
});

describe("logins and refusals over time", () => {
  const buckets = async (since: number, until: number, unit: string) =>
    (await body(`/v1/admin/activity?since=${since}&until=${until}&unit=${unit}`)).buckets;

  test("have a bucket for each hour or day, also an empty one", async () => {
    const counted = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
    try {
      const reader = await newHolder(counted, "auditor");
      const begun = counted.now();
      counted.advance(2 * 3600);
      const { accessToken, dpop } = await newPerson(counted);
      await counted.exchange(accessToken, dpop, { audience: "other" });
      const path = `/v1/admin/activity?since=${begun}&until=${counted.now() + 1}`;
      const ask = (unit: string) =>
        counted.inSession(reader, "GET", `${path}&unit=${unit}`, undefined, {
          htu: "https://vouch.example.com/v1/admin/activity",
        });
      const hour = begun - (begun % 3600);
      expect((await ask("hour")).body.buckets).toEqual([
        { start: hour, logins: 1, refusals: 0 },
        { start: hour + 3600, logins: 0, refusals: 0 },
        { start: hour + 7200, logins: 1, refusals: 1 },
      ]);
      expect((await ask("day")).body.buckets).toEqual([{ start: begun - (begun % 86_400), logins: 2, refusals: 1 }]);
    } finally {
      await counted.stop();
    }
  });

  test("are counted over weeks, and at the end of a period that is longer", async () => {
    const now = server.now();
    expect(await buckets(now - 366 * 86_400, now, "day")).toHaveLength(367);
    expect(await buckets(now - 31 * 86_400, now, "hour")).toHaveLength(744);
    for (const unit of ["day", "hour"]) {
      const whole = await buckets(now - (unit === "day" ? 366 : 31) * 86_400, now, unit);
      expect(await buckets(0, now, unit)).toEqual(whole);
      expect(await buckets(now, now, unit)).toEqual([]);
      expect(await buckets(now, now - 1, unit)).toEqual([]);
    }
  });
});

test.each([
  "people?limit=0",
  "people?limit=201",
  "people?limit=1&limit=2",
  "people?role=owner",
  "people?search=%00",
  "person",
  "audit?after=x",
  "audit?event=nothing",
  "audit?since=-1",
  "activity?since=0",
  `people?${Array.from({ length: 65 }, (_, index) => `p${index}=1`).join("&")}`,
])("GET /v1/admin/%s is not as expected", async (path) => {
  expect(await read(auditor, `/v1/admin/${path}`)).toMatchObject({
    status: 400,
    body: { error: { code: "protocol_error" } },
  });
});
