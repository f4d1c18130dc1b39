import { describe, expect, test } from "bun:test";
import { serverOrigin } from "../../../src/base/net/server-origin.ts";
import { VouchServer } from "../../../src/vouch-client/server.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { routes } from "../../../src/agent/protocol.ts";
import { AgentHarness } from "../../agent/harness.ts";
import { rejection } from "../../rejection.ts";

const refused = [
  "http://127.0.0.1:8080/admin?x=",
  "https://vouch.example.com/v1",
  "https://vouch.example.com//",
  "https://vouch.example.com/?",
  "https://vouch.example.com?x",
  "https://vouch.example.com#",
  "https://vouch.example.com/#/v1",
  "https://me@vouch.example.com",
  "https://@vouch.example.com",
  "https://vouch.example.com\\admin",
  "https://vouch.example.com/\tadmin",
  " https://vouch.example.com",
  "http://vouch.example.com",
  "http://localhost.example.com",
  "http://128.0.0.1",
  "file:///etc/passwd",
  "data:text/plain,x",
  "vouch.example.com",
  "",
];

test.each([
  ["https://vouch.example.com", "https://vouch.example.com"],
  ["https://vouch.example.com/", "https://vouch.example.com"],
  ["HTTPS://Vouch.Example.com:443", "https://vouch.example.com"],
  ["https://vouch.example.com:8443", "https://vouch.example.com:8443"],
  ["http://localhost:8080", "http://localhost:8080"],
  ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
  ["http://[::1]:8080", "http://[::1]:8080"],
])("%s is the origin %s", (text, origin) => expect(serverOrigin(text)).toBe(origin));

describe("more or other than an origin is refused", () => {
  test.each(refused)("%j is refused when it is read", (text) => {
    expect(serverOrigin(text)).toBeUndefined();
    expect(() => new VouchServer(text, {} as never)).toThrow("without path and query");
  });

  test("by the agent, before it connects anywhere", async () => {
    await using harness = new AgentHarness();
    let requests = 0;
    using service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        requests++;
        return new Response("{}");
      },
    });
    for (const path of ["/admin?x=", "/admin", "/?", "/#", "//"]) {
      const server = `http://127.0.0.1:${service.port}${path}`;
      expect((await rejection(askAgent(routes.loginStart, { server }))).code).toBe("usage");
      const enrollment = { server, code: "AAAA-BBBB", name: "x" };
      expect((await rejection(askAgent(routes.enrollStart, enrollment))).code).toBe("usage");
    }
    expect(requests).toBe(0);
    expect(harness.stopsAsked).toBe(0);
  });
});
