/** The loopback server of a login in the browser: what belongs to this login, and what other programs and pages send. */
import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { VouchError } from "../../../src/base/errors.ts";
import { listenOnLoopback, type Loopback, readCallback } from "../../../src/cli/browser/loopback.ts";
import { rejection } from "../../rejection.ts";

const expected = { state: "s".repeat(43), issuer: "https://vouch.example.com" };
const good = { code: "c".repeat(43), state: expected.state, iss: expected.issuer };
const never = new AbortController().signal;

function read(parameters: Record<string, string> | string): unknown {
  const outcome = readCallback(new URLSearchParams(parameters), expected);
  return outcome instanceof VouchError ? outcome.message : outcome;
}

describe("an answer", () => {
  test("with state, issuer and code is this login's", () => {
    expect(read(good)).toBe(good.code);
  });

  test.each<[string, Record<string, string> | string]>([
    ["without a state", { code: good.code, iss: good.iss }],
    ["with another state", { ...good, state: "t".repeat(43) }],
    ["with the state twice", `${new URLSearchParams(good).toString()}&state=${good.state}`],
    ["without a code", { state: good.state, iss: good.iss }],
    ["with the code twice", `${new URLSearchParams(good).toString()}&code=x`],
    ["with a code that is none", { ...good, code: "<script>" }],
    ["with a long code", { ...good, code: "c".repeat(65) }],
  ])("%s is ignored", (_name, parameters) => {
    expect(read(parameters)).toBeUndefined();
  });

  test.each([
    ["another issuer", { ...good, iss: "https://evil.example" }],
    ["no issuer", { code: good.code, state: good.state }],
  ])("of %s ends the login (mix-up)", (_name, parameters) => {
    expect(read(parameters)).toBe("The browser brought the answer of another server than https://vouch.example.com.");
  });

  test("that the person cancelled ends the login", () => {
    const { state, iss } = good;
    expect(read({ error: "access_denied", state, iss })).toBe("The login was cancelled in the browser.");
    expect(read({ error: "x\u202ey", state, iss })).toBe("The server refused the login: x\ufffdy.");
  });
});

describe("the server", () => {
  async function listening(work: (loopback: Loopback, port: number) => Promise<void>): Promise<void> {
    const loopback = listenOnLoopback();
    try {
      await work(loopback, Number(new URL(loopback.redirectUri).port));
    } finally {
      await loopback.stop();
    }
  }
  const callback = (loopback: Loopback, parameters: Record<string, string>) =>
    fetch(`${loopback.redirectUri}?${new URLSearchParams(parameters).toString()}`);

  test("takes one answer, whatever came before, and tells the page how it ended", async () => {
    await listening(async (loopback, port) => {
      const code = loopback.code(expected, 600, never);
      expect((await callback(loopback, { ...good, state: "x" })).status).toBe(400);
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
      expect((await fetch(loopback.redirectUri, { method: "POST", body: new URLSearchParams(good) })).status).toBe(404);
      const page = callback(loopback, good);
      expect(await code).toBe(good.code);
      expect((await callback(loopback, good)).status).toBe(400);
      loopback.tell("You are logged in.<b>");
      const shown = await page;
      expect(await shown.text()).toContain("<p>You are logged in.&lt;b&gt;</p>");
      expect(Object.fromEntries(shown.headers)).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": expect.stringContaining("default-src 'none'; frame-ancestors 'none'"),
        "referrer-policy": "no-referrer",
      });
    });
  });

  test("is not found under another name of its address (DNS rebinding)", async () => {
    await listening(async (loopback, port) => {
      const code = loopback.code(expected, 600, never);
      const socket = connect(port, "127.0.0.1");
      const answer = Promise.withResolvers<string>();
      let text = "";
      socket.on("data", (data) => (text += data.toString()));
      socket.on("close", () => answer.resolve(text));
      socket.write(
        `GET /callback?${new URLSearchParams(good).toString()} HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`,
      );
      expect(await answer.promise).toStartWith("HTTP/1.1 404");
      void callback(loopback, good);
      expect(await code).toBe(good.code);
    });
  });

  test("answers nothing before a login has begun, and ends by cancelling, by time and by an interruption", async () => {
    await listening(async (loopback) => {
      expect((await callback(loopback, good)).status).toBe(400);
      const cancelled = rejection(loopback.code(expected, 600, never));
      await callback(loopback, { error: "access_denied", state: good.state, iss: good.iss });
      expect((await cancelled).code).toBe("login_denied");
    });
    await listening(async (loopback) => {
      expect((await rejection(loopback.code(expected, 0.001, never))).code).toBe("timeout");
      const interrupted = AbortSignal.abort(new VouchError("cancelled", "Cancelled."));
      const controller = new AbortController();
      const waiting = rejection(loopback.code(expected, 600, controller.signal));
      controller.abort(interrupted.reason);
      expect((await waiting).code).toBe("cancelled");
    });
  });

  test("listens on 127.0.0.1 alone, and no more once it is stopped", async () => {
    let uri = "";
    await listening(async (loopback) => {
      uri = loopback.redirectUri;
      expect(uri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    });
    expect(await fetch(uri).catch(() => "refused")).toBe("refused");
  });
});
