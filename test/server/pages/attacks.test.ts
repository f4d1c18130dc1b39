/** What other sites and strangers try with the pages: forged forms, frames, fixed sessions, redirections, markup in names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pageRoutes } from "../../../src/server/pages/routes.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { newPerson, rename } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import type { TestSecurityKey } from "../webauthn/security-key.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { enrolled, Visitor } from "./visitor.ts";

let server: TestServer;
let visitor: Visitor;
let key: TestSecurityKey;
let people = 0;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  [visitor, key] = await signedIn();
});
afterAll(() => server.stop());

async function signedIn(): Promise<[Visitor, TestSecurityKey]> {
  const mine = new Visitor(server);
  const myKey = await enrolled(server, `visitor-${++people}@example.com`);
  expect((await mine.signIn(myKey)).status).toBe(303);
  return [mine, myKey];
}

const forms = pageRoutes.filter(({ method }) => method === "POST").map(({ path }) => path);
const inSession = forms.filter((path) => !path.startsWith("/sign-in"));
const isSignedIn = async (who: Visitor) => (await (await who.get("/")).text()).includes("Sign out");

describe("a form of another site", () => {
  test.each<[string, Record<string, string>]>([
    ["with the Origin of another site", { origin: "https://evil.example" }],
    ["with the Origin of another port", { origin: `${origin}:8443` }],
    ["with the Origin of a sandboxed frame", { origin: "null" }],
    ["with Sec-Fetch-Site: cross-site", { origin, "sec-fetch-site": "cross-site" }],
    ["with Sec-Fetch-Site: same-site", { origin, "sec-fetch-site": "same-site" }],
    ["with neither", {}],
  ])("is refused %s, by every path", async (_name, headers) => {
    const fields = { form_token: await visitor.formToken(), which: "all" };
    for (const path of forms) expect([path, (await visitor.post(path, fields, headers)).status]).toEqual([path, 403]);
    expect(await isSignedIn(visitor)).toBe(true);
  });
});

describe("a form of the server's own page", () => {
  test.each<[string, () => Promise<Record<string, string>>]>([
    ["without a token", async () => ({})],
    ["with an empty token", async () => ({ form_token: "" })],
    ["with a token of another person's session", async () => ({ form_token: await (await signedIn())[0].formToken() })],
    [
      "with a token of another session of the same person",
      async () => {
        const other = new Visitor(server);
        await other.signIn(key);
        return { form_token: await other.formToken() };
      },
    ],
    ["with a longer token", async () => ({ form_token: `${await visitor.formToken()}A` })],
  ])("is refused %s, by every path of a session", async (_name, token) => {
    const fields = { ...(await token()), which: "all" };
    for (const path of inSession) expect([path, (await visitor.post(path, fields)).status]).toEqual([path, 403]);
    expect(await isSignedIn(visitor)).toBe(true);
  });

  test("is refused without a session, as JSON and as a page", async () => {
    const stranger = new Visitor(server);
    for (const path of inSession) expect([path, (await stranger.post(path, {})).status]).toEqual([path, 401]);
  });

  test("is refused as JSON and as a file upload", async () => {
    for (const type of ["application/json", "multipart/form-data; boundary=x", "text/plain"]) {
      const answer = await visitor.post("/sessions/end", {}, { origin, "content-type": type });
      expect([type, answer.status]).toEqual([type, 415]);
    }
  });
});

test("a GET of a path that changes something is 405, and changes nothing", async () => {
  for (const path of forms.filter((each) => each !== "/sign-in")) {
    const answer = await visitor.get(`${path}?which=all&form_token=${await visitor.formToken()}`);
    expect([path, answer.status]).toEqual([path, 405]);
  }
  expect(await isSignedIn(visitor)).toBe(true);
});

describe("headers", () => {
  test.each(["/", "/activity", "/sign-in", "/activity?before=x", "/sign-in?next=//evil.example"])(
    "%s is kept by no cache and framed by nobody, signed in or not",
    async (path) => {
      for (const who of [visitor, new Visitor(server)]) {
        const { headers } = await who.get(path);
        expect(Object.fromEntries(headers)).toMatchObject({
          "cache-control": "no-store",
          "x-frame-options": "DENY",
          "x-content-type-options": "nosniff",
          "referrer-policy": "same-origin",
          "cross-origin-opener-policy": "same-origin",
          "strict-transport-security": "max-age=31536000",
        });
        const policy = headers.get("content-security-policy")!.split("; ");
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).toContain("base-uri 'none'");
        expect(policy).toContain("form-action 'self'");
        expect(policy.join(" ")).not.toMatch(/unsafe|https?:|\*|data:/);
      }
    },
  );

  test("a refused form is answered with the same headers", async () => {
    const { headers, status } = await visitor.post("/keys/rename", {});
    expect([status, headers.get("cache-control"), headers.get("x-frame-options")]).toEqual([403, "no-store", "DENY"]);
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.has("www-authenticate")).toBe(false);
  });

  test("only what the page links to is kept for ever", async () => {
    const page = await (await visitor.get("/")).text();
    const linked = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(linked).toHaveLength(3);
    for (const path of linked) {
      expect((await visitor.get(path)).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect((await visitor.get(path.replace(/\?.*/, "?older"))).headers.get("cache-control")).toBe("no-store");
    }
    expect((await visitor.get("/assets/../server.db")).status).toBe(404);
  });
});

describe("the cookie", () => {
  test("is for this host alone, over https alone, and for no script", async () => {
    const answer = await new Visitor(server).signIn(key);
    const [value, ...attributes] = answer.headers.get("set-cookie")!.split("; ");
    expect(value).toMatch(/^__Host-vouch-page=[\w-]{43}$/);
    expect(attributes.toSorted()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
  });

  test("is nowhere in the page, the log or the database", async () => {
    const token = visitor.cookie!;
    expect(await (await visitor.get("/")).text()).not.toContain(token);
    expect(JSON.stringify(server.logs)).not.toContain(token);
    expect(await Bun.file(server.database.slice("sqlite:".length)).text()).not.toContain(token);
    expect(await server.store.pageSessions.find(token)).toBeUndefined();
  });

  test("that somebody planted before the sign-in is not the session afterwards (fixation)", async () => {
    const [attacker] = await signedIn();
    for (const planted of [attacker.cookie!, "A".repeat(43)]) {
      const victim = new Visitor(server, planted);
      expect((await victim.signIn(key)).status).toBe(303);
      expect(victim.cookie).not.toBe(planted);
      expect(await (await victim.get("/")).text()).toContain("visitor-1@example.com");
    }
    expect(await (await attacker.get("/")).text()).not.toContain("visitor-1@example.com");
    expect(await isSignedIn(new Visitor(server, "A".repeat(43)))).toBe(false);
  });

  test("of another name, form or length opens nothing", async () => {
    for (const cookie of [
      `vouch-page=${visitor.cookie}`,
      `__Host-vouch-page=${visitor.cookie}x`,
      `__Host-vouch-page="${visitor.cookie}"`,
      `__Host-vouch-page=' OR 1=1 --`,
    ]) {
      const page = await (await new Visitor(server).get("/", { cookie })).text();
      expect([cookie, page.includes("Sign out")]).toEqual([cookie, false]);
    }
  });
});

test.each([
  "https://evil.example",
  "//evil.example",
  "/\\evil.example",
  "javascript:alert(1)",
  "admin/../..",
  "__proto__",
])("after the sign-in nobody is led to %s", async (next) => {
  const answer = await new Visitor(server).signIn(key, {}, { next });
  expect(answer.headers.get("location")).toBeNull();
  expect(answer.status).toBe(400);
  const page = await (await new Visitor(server).get(`/sign-in?next=${encodeURIComponent(next)}`)).text();
  expect(page).toContain('name="next" value="mine"');
  expect(page).not.toContain("evil");
});

test("a link cannot make a page say anything", async () => {
  const said = await (await visitor.get("/?done=<b>Call+0123</b>")).text();
  expect(said).not.toContain("0123");
  for (const path of ["/?done=key-added", "/sign-in?done=signed-out", "/?notice=key-added"])
    expect([path, /class="notice success"/.test(await (await visitor.get(path)).text())]).toEqual([path, false]);
});

test("what a form has done is said once, by the page that follows, and only in words of the server", async () => {
  const own = new Visitor(server, visitor.cookie);
  for (const [notice, words] of [
    ["key-added", "The security key was added."],
    ["constructor", undefined],
    ["<b>0123", undefined],
  ] as const) {
    own.notice = notice;
    const answer = await own.get("/");
    const page = await answer.text();
    expect([notice, page.includes('class="notice success"'), page.includes(words ?? notice)]).toEqual([
      notice,
      words !== undefined,
      words !== undefined,
    ]);
  }
  own.notice = "key-added";
  await own.get("/");
  expect(own.notice).toBeUndefined();
  const attributes = (await own.post("/sign-out", { form_token: await own.formToken() })).headers
    .getSetCookie()
    .find((set) => set.startsWith("__Host-vouch-notice="));
  expect(attributes).toBe("__Host-vouch-notice=signed-out; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
  [visitor, key] = await signedIn();
});

describe("markup that strangers write", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;`;
  /** No element comes from it, whatever the place. */
  function expectHarmless(page: string): void {
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;script&gt;");
  }

  test("is text in names of keys and machines, on the page and in the activity", async () => {
    const person = await newPerson(server);
    const named = hostile.slice(0, 64);
    expect((await rename(server, person, person.key.id, named)).status).toBe(200);
    const { ceremony, options } = await server.loginOptions();
    const dpop = await server.proof(await DpopKey.generate());
    const credential = JSON.stringify(person.key.authenticate(options, origin));
    const login = { grant_type: webauthnGrant, ceremony, credential, client: hostile };
    expect((await server.form("/oauth/token", login, { dpop })).status).toBe(200);
    const mine = new Visitor(server);
    await mine.signIn(person.key);
    for (const path of ["/", "/activity"]) expectHarmless(await (await mine.get(path)).text());
  });

  test("is text in e-mail addresses, which may have what markup is made of", async () => {
    const mine = new Visitor(server);
    const named = "o'brien&co{x}@example.com";
    await mine.signIn(await enrolled(server, named));
    expect(await (await mine.get("/")).text()).toContain("o&#x27;brien&amp;co{x}@example.com");
  });

  test("is text in a refusal, and hidden characters are shown as such", async () => {
    const page = await (await visitor.get(`/activity?before=${encodeURIComponent(hostile)}`)).text();
    expect(page).not.toContain("<img");
    const client = "safe\u202Egpj.exe";
    const { ceremony, options } = await server.loginOptions();
    const dpop = await server.proof(await DpopKey.generate());
    const login = {
      grant_type: webauthnGrant,
      ceremony,
      credential: JSON.stringify(key.authenticate(options, origin)),
    };
    await server.form("/oauth/token", { ...login, client }, { dpop });
    expect(await (await visitor.get("/")).text()).not.toContain("\u202E");
  });
});
