/** Signing in to the pages, and how a session of theirs ends. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../test-server.ts";
import { enrolled, Visitor } from "./visitor.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

test("a security key signs in, and the page says who it is", async () => {
  const visitor = new Visitor(server);
  const key = await enrolled(server, "pages@example.com");
  expect(await (await visitor.get("/")).text()).toContain("Sign in with a security key");
  const answer = await visitor.signIn(key);
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  const page = await (await visitor.get("/")).text();
  expect(page).toContain("pages@example.com");
  expect(page).toContain("first");
  const renamed = await visitor.touched(key, "/keys/rename", { id: key.id, shown: "first", name: "pocket" });
  expect([renamed.status, renamed.headers.get("location")]).toEqual([303, "/?done=key-renamed"]);
  expect(await (await visitor.get("/")).text()).toContain("pocket");
  expect((await visitor.get("/assets/pages.css")).headers.get("content-type")).toStartWith("text/css");
});
