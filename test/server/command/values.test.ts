/** The values of flags of `vouch server`, and what is made of them. */
import { expect, test } from "bun:test";
import { parsePoint } from "../../../src/server/audit/period.ts";
import { parseReplica } from "../../../src/server/audit/operator.ts";
import { parseListen, urlHost } from "../../../src/server/configuration/listen.ts";
import { parseSessionDuration } from "../../../src/server/oauth/session-duration.ts";

test.each([
  ["127.0.0.1:8787", "127.0.0.1", 8787],
  ["[::1]:0", "::1", 0],
  ["vouch.internal:65535", "vouch.internal", 65_535],
])("--listen %s is read as an address and a port", (text, hostname, port) => {
  expect(parseListen(text, "listen")).toEqual({ hostname, port });
});

test.each(["", "8787", ":8787", "::1:8787", "localhost", "localhost:65536", "localhost:x"])(
  '--listen "%s" is refused',
  (text) => {
    expect(() => parseListen(text, "listen")).toThrow("Expected --listen HOST:PORT");
  },
);

test.each([
  ["8h", 28_800],
  ["480m", 28_800],
  ["1s", 1],
])("--session-duration %s is read as seconds", (text, seconds) => {
  expect(parseSessionDuration(text)).toBe(seconds);
});

test.each(["", "0h", "9h", "28801s", "8", "1d", "-1h", "1.5h", "toString"])(
  '--session-duration "%s" is refused',
  (text) => {
    expect(() => parseSessionDuration(text)).toThrow("at most 8h");
  },
);

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["0.0.0.0", "127.0.0.1"],
  ["::", "[::1]"],
  ["::1", "[::1]"],
  ["[2001:db8::1]", "[2001:db8::1]"],
  ["localhost", "localhost"],
])("a server that listens on %s is reached at %s", (hostname, host) => {
  expect(urlHost(hostname)).toBe(host);
});

test.each(["2026-02-30", "2026-02-29T10:00Z", "2026-13-01", "2026-04-31 10:00+02:00", "2026-11-28T24:30"])(
  '--since "%s" is refused, for there is no such day',
  (text) => {
    expect(() => parsePoint(text, "--since", 0)).toThrow("Expected --since with a point in time");
  },
);

test.each([
  ["2028-02-29", 1_835_395_200],
  ["2026-12-31T23:30-02:00", 1_798_767_000],
])("--since %s is read as seconds since 1970", (text, seconds) => {
  expect(parsePoint(text, "--since", 0)).toBe(seconds);
});

test.each(["checkpoints", "command-line"])("--replica %s is refused as the name of another chain", (name) => {
  expect(() => parseReplica(name)).toThrow(`--replica ${name} is the name of a chain`);
});
