import { expect, test } from "bun:test";
import fc from "fast-check";
import { readRequest, RequestError } from "../../../src/agent/wire/http-request.ts";

const maxBodyBytes = 100;
const read = (text: string) => readRequest(Buffer.from(text, "latin1"), maxBodyBytes);

test("a request is parsed as the helpers send it", () => {
  const request = read('POST /v1/token HTTP/1.1\r\nHost: vouch\r\nContent-Length: 7\r\nx: \t y \t\r\n\r\n{"a":1}');
  expect(request).toMatchObject({ method: "POST", path: "/v1/token", body: '{"a":1}' });
  expect(Object.fromEntries(request!.headers)).toEqual({ host: "vouch", "content-length": "7", x: "y" });
});

test("a body is bytes of UTF-8, and its length counts those", () => {
  const bytes = Buffer.from("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n€");
  expect(readRequest(bytes, maxBodyBytes)?.body).toBe("€");
});

test("what follows the body is not part of the request", () => {
  expect(read("POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\nabc")?.body).toBe("a");
});

test("the beginning of a request is not yet one, whatever its length", () => {
  const whole = "POST /v1/token HTTP/1.1\r\nhost: vouch\r\ncontent-length: 3\r\n\r\nabc";
  for (let length = 0; length < whole.length; length++) expect(read(whole.slice(0, length))).toBeUndefined();
  expect(read(whole)).toBeDefined();
});

test.each<[string, number, string]>([
  ["no HTTP", 400, "hello\r\n\r\n"],
  ["HTTP/1.0", 400, "GET / HTTP/1.0\r\n\r\n"],
  ["HTTP/2", 400, "PRI * HTTP/2.0\r\n\r\n"],
  ["a whole URL", 400, "GET http://vouch/ HTTP/1.1\r\n\r\n"],
  ["a space in the path", 400, "GET /a b HTTP/1.1\r\n\r\n"],
  ["a method in lower case", 400, "get / HTTP/1.1\r\n\r\n"],
  ["a header without a colon", 400, "GET / HTTP/1.1\r\nhost\r\n\r\n"],
  ["a space before the colon", 400, "GET / HTTP/1.1\r\nhost : x\r\n\r\n"],
  ["a folded header", 400, "GET / HTTP/1.1\r\nhost: x\r\n y\r\n\r\n"],
  ["a zero byte", 400, "GET / HTTP/1.1\r\nhost: \0\r\n\r\n"],
  ["two lengths", 400, "POST / HTTP/1.1\r\ncontent-length: 1\r\nContent-Length: 2\r\n\r\nab"],
  ["a negative length", 400, "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"],
  ["a length that is no number", 400, "POST / HTTP/1.1\r\ncontent-length: 0x1\r\n\r\na"],
  ["chunks", 411, "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["chunks and a length", 411, "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\na"],
  ["a body above the limit, before it has come", 413, "POST / HTTP/1.1\r\ncontent-length: 101\r\n\r\n"],
  ["a head without an end", 431, `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}`],
])("the agent's parser refuses %s with %p", (_, status, text) => {
  const refuse = () => read(text);
  expect(refuse).toThrow(RequestError);
  try {
    refuse();
  } catch (error) {
    expect((error as RequestError).status).toBe(status);
  }
});

test("any bytes are a request, the beginning of one, or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readRequest(Buffer.from(bytes), maxBodyBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
      }
    }),
  );
});
