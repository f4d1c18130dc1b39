import { expect, test } from "bun:test";
import { parseServerUrl } from "../../../src/server/http/url.ts";

test.each([
  ["https://vouch.example.com", "https://vouch.example.com"],
  ["https://vouch.example.com/", "https://vouch.example.com"],
  ["https://VOUCH.example.com:443", "https://vouch.example.com"],
  ["https://vouch.example.com:8443", "https://vouch.example.com:8443"],
  ["http://localhost:8787", "http://localhost:8787"],
  ["https://localhost", "https://localhost"],
])("the server URL %s is accepted as %s", (text, origin) => {
  expect(parseServerUrl(text)).toBe(origin);
});

test.each([
  ["vouch.example.com", "a URL"],
  ["http://vouch.example.com", "an https URL"],
  ["http://127.0.0.1:8787", "not an address"],
  ["ftp://vouch.example.com", "an https URL"],
  ["https://user@vouch.example.com", "without a user name"],
  ["https://vouch.example.com/path", "without a path"],
  ["https://vouch.example.com/?a", "without a query"],
  ["https://vouch.example.com/#a", "without a query"],
  ["https://vouch.example.com/?", "without a query"],
  ["https://vouch.example.com#", "without a query"],
  ["https://@vouch.example.com", "without a query"],
  ["https://10.0.0.1", "not an address"],
  ["https://[::1]", "not an address"],
  ["", "a URL"],
])('the server URL "%s" is refused: expected %s', (text, expected) => {
  expect(() => parseServerUrl(text)).toThrow(expected);
});
