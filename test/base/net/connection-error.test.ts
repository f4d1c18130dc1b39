/** What a request says that got no answer, with real connections that end in each way. */
import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { connectionError, inAllItsTime, interceptedAnswer } from "../../../src/base/net/connection-error.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { httpRequest } from "../../../src/base/net/http.ts";
import { rejection } from "../../rejection.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A server on loopback that does this with each connection; its port. */
async function listen(behave: (socket: Socket) => void): Promise<number> {
  const listening = Promise.withResolvers<number>();
  server = createServer((socket) => {
    socket.on("error", () => {});
    behave(socket);
  });
  server.listen(0, "127.0.0.1", () => listening.resolve((server!.address() as { port: number }).port));
  return listening.promise;
}

const answering = (text: string) => (socket: Socket) => void socket.once("data", () => socket.end(text));

test.each<[string, (socket: Socket) => void, string, string]>([
  ["a reset", (socket) => void socket.resetAndDestroy(), "http", "was cut"],
  [
    "a reset after the request",
    (socket) => void socket.once("data", () => socket.resetAndDestroy()),
    "http",
    "was cut",
  ],
  ["an end", (socket) => void socket.destroy(), "http", "was cut"],
  ["an end after the request", (socket) => void socket.once("data", () => socket.end()), "http", "was cut"],
  ["a cut body", answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"), "http", "was cut"],
  ["a cut chunk", answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc"), "http", "was cut"],
  ["no HTTP", answering("SSH-2.0-OpenSSH_9.9\r\n\r\n"), "http", "does not answer in HTTP"],
  ["a broken head", answering("HTTP/1.1 200 OK\r\nno header\r\n\r\n"), "http", "does not answer in HTTP"],
  [
    "what is not packed",
    answering("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
    "http",
    "cannot be unpacked",
  ],
  ["no TLS", answering("HTTP/1.1 400 Bad Request\r\n\r\n"), "https", "does not speak TLS"],
  ["an end in the handshake", (socket) => void socket.destroy(), "https", "was cut"],
])("%s", async (_, behave, scheme, reason) => {
  const port = await listen(behave);
  const failure = await rejection(httpRequest({ url: `${scheme}://127.0.0.1:${port}/`, method: "POST", body: "x" }));
  expect(failure).toMatchObject({ code: "network", hint: expect.stringContaining("try again") });
  expect(failure.message).toMatch(
    new RegExp(`^No connection to 127\\.0\\.0\\.1:${port}: [^:]*${reason}[^:]* \\(\\w+\\)\\.$`),
  );
  expect(failure.message).not.toMatch(/verbose|fetch|Unable to connect/);
});

test.each([
  [{ code: "ENOTFOUND" }, "its name cannot be resolved (ENOTFOUND)", "Check the network"],
  [{ code: "ECONNREFUSED" }, "the connection was refused (ECONNREFUSED)", "Check the network"],
  [{ code: "ENETUNREACH" }, "there is no route to it (ENETUNREACH)", "Check the network"],
  [{ code: "CERT_HAS_EXPIRED" }, "its certificate has expired (CERT_HAS_EXPIRED)", "Check the clock"],
  [{ code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "of another host (ERR_TLS_CERT_ALTNAME_INVALID)", "Check the network"],
  [{ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }, "is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)", "AWS_CA_BUNDLE"],
  [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)", "AWS_CA_BUNDLE"],
  [{ code: "ERR_PROXY_TUNNEL" }, "the proxy refused to connect (ERR_PROXY_TUNNEL)", "Check HTTPS_PROXY"],
  [{ code: "EMFILE" }, "too many files open (EMFILE)", "ulimit"],
  [{ code: "a sentence of the runtime" }, "the request failed.", "Check the network"],
  [new Error("pass `verbose: true`"), "the request failed.", "Check the network"],
  [undefined, "the request failed.", "Check the network"],
])("%p in our words", (cause, words, hint) => {
  const { message, hint: said } = connectionError("host:1", cause);
  expect(message).toStartWith("No connection to host:1: ");
  expect(message).toContain(words);
  expect(said).toStartWith(hint.includes("AWS_CA") ? "If your network" : "");
  expect(said).toContain(hint);
});

describe("an answer in the service's place", () => {
  const answer = (status: number, body = "", type = "") => ({
    status,
    body,
    headers: new Headers({ "content-type": type }),
  });

  test.each([
    ["a login page", answer(200, "<!DOCTYPE html><title>Wi-Fi</title>", "text/html; charset=utf-8")],
    ["a page that does not say so", answer(200, "\n <html><body>", "application/json")],
    ["XHTML", answer(200, "<x/>", "application/xhtml+xml")],
    ["a redirect", answer(302)],
    ["another redirect", answer(307)],
    ["status 511", answer(511)],
    ["a proxy's refusal", answer(403, "<html>blocked</html>")],
  ])("%s is named", (_, response) => {
    expect(interceptedAnswer("host", response)).toMatchObject({
      code: "network",
      message: expect.stringMatching(/between here and host answered .*captive portal.*proxy/),
    });
  });

  test.each([
    ["JSON", answer(200, "{}", "application/json")],
    ["XML", answer(400, "<ErrorResponse/>", "text/xml")],
    ["nothing", answer(404)],
    ["a failing load balancer", answer(503, "<html>Service Unavailable</html>", "text/html")],
  ])("%s is not", (_, response) => expect(interceptedAnswer("host", response)).toBeUndefined());
});

test("a timeout is said in the time that all attempts have taken", () => {
  const last = new VouchError("timeout", "host did not answer within 3.647 seconds.", { hint: "Check." });
  expect(inAllItsTime(last, 20_013)).toMatchObject({
    code: "timeout",
    message: "host did not answer within 20 seconds.",
    hint: "Check.",
  });
  const other = new VouchError("network", "No connection within reach.");
  expect(inAllItsTime(other, 1)).toBe(other);
});
