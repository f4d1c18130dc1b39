/** What the asking side makes of an agent that does not answer as agreed. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { askAgent } from "../../src/agent/client.ts";
import { maxBodyBytes, routes } from "../../src/agent/protocol.ts";
import { rejection } from "../rejection.ts";

let folder: string;
let listener: ReturnType<typeof Bun.listen> | undefined;
beforeEach(() => {
  folder = mkdtempSync("/tmp/vouch-test-");
  process.env["VOUCH_RUNTIME_DIR"] = folder;
});
afterEach(() => {
  listener?.stop(true);
  delete process.env["VOUCH_RUNTIME_DIR"];
  rmSync(folder, { recursive: true });
});

/** Listens as the agent and answers every request with these bytes; undefined: never. */
function answerWith(bytes: string | undefined): string[] {
  const requests: string[] = [];
  listener?.stop(true);
  listener = Bun.listen({
    unix: join(folder, "agent.sock"),
    socket: {
      data(socket, data) {
        requests.push(data.toString());
        if (bytes === undefined) return;
        socket.write(bytes);
        socket.end();
      },
    },
  });
  return requests;
}

const json = (body: string, head = "HTTP/1.1 200 OK\r\nvouch-protocol: 1") =>
  `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test("an answer as agreed", async () => {
  const requests = answerWith(json('{"configured":[true]}'));
  expect(await askAgent<object>(routes.match, { urls: ["x"] })).toEqual({ configured: [true] });
  const [request] = requests;
  expect(request).toStartWith("POST /v1/match HTTP/1.1\r\n");
  expect(request).toContain("vouch-protocol: 1\r\n");
  expect(request).toEndWith('{"urls":["x"]}');
});

test.each([
  ["access_denied", "access_denied"],
  ["of_the_future", "internal_error"],
])("an error with its words and its hint: %s → %s", async (code, expected) => {
  answerWith(
    json(`{"error":{"code":"${code}","message":"No.","hint":"Ask."}}`, "HTTP/1.1 403 Forbidden\r\nvouch-protocol: 1"),
  );
  expect(await rejection(askAgent(routes.token))).toMatchObject({ code: expected, message: "No.", hint: "Ask." });
});

test.each<[string, string, RegExp]>([
  [
    "of another version",
    json("{}", "HTTP/1.1 200 OK\r\nvouch-protocol: 2"),
    /another version: expected protocol 1, got 2/,
  ],
  ["that names no version", json("{}", "HTTP/1.1 200 OK"), /expected protocol 1, got none/],
  ["that is too long", json(" ".repeat(maxBodyBytes + 8193)), /expected at most 1056768 bytes/],
  [
    "of unknown length",
    "HTTP/1.1 200 OK\r\nvouch-protocol: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    /broke off/,
  ],
  ["that is no JSON", json("<html>"), /not JSON/],
  ["that is no object", json("null"), /not an object/],
  ["that is an error without words", json("{}", "HTTP/1.1 500 Oh\r\nvouch-protocol: 1"), /status 500/],
  ["that is no HTTP", "SSH-2.0-OpenSSH_9.9\r\n", /went away before it answered/],
  [
    "that leads elsewhere",
    json("{}", "HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\nvouch-protocol: 1"),
    /answered with status 302/,
  ],
  [
    "that breaks off",
    'HTTP/1.1 200 OK\r\nvouch-protocol: 1\r\ncontent-length: 50\r\n\r\n{"tok',
    /broke off its answer/,
  ],
  ["that is empty", "", /went away before it answered/],
])("an answer %s", async (_, bytes, message) => {
  answerWith(bytes);
  const failure = await rejection(askAgent(routes.token));
  expect(failure).toMatchObject({ code: "agent_unavailable", hint: "Run `vouch agent stop`, then `vouch login`." });
  expect(failure.message).toMatch(message);
});

test("no answer: the limit", async () => {
  answerWith(undefined);
  const failure = await rejection(askAgent(routes.token, {}, { timeoutMs: 50 }));
  expect(failure).toMatchObject({
    code: "agent_unavailable",
    message: "The Vouch agent did not answer within 0.05 seconds.",
  });
});
