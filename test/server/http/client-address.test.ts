import { expect, test } from "bun:test";
import { clientAddress, parseAddress } from "../../../src/server/http/client-address.ts";

test.each<[string, string | undefined]>([
  ["192.0.2.1", "192.0.2.1"],
  [" 192.0.2.1 ", "192.0.2.1"],
  ["192.0.2.1:5123", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ['"[2001:db8::1]:443"', "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["[fe80::1%25eth0]:80", "fe80::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["[::ffff:192.0.2.1]:9", "192.0.2.1"],
  ["", undefined],
  ["unknown", undefined],
  ["_hidden", undefined],
  ["256.1.1.1", undefined],
  ["192.0.2.1:port", undefined],
  ["192.0.2", undefined],
  ["0x7f.1", undefined],
  ["[192.0.2.1", undefined],
  ["[]", undefined],
  ["vouch.example.com", undefined],
  ["192.0.2.1\u0000", undefined],
])("the client address %j is read as %j", (text, address) => {
  expect(parseAddress(text)).toBe(address);
});

test.each<[string, string | null, string]>([
  ["without a proxy the connection's", null, "198.51.100.1"],
  ["the one entry", "203.0.113.9", "203.0.113.9"],
  ["with a port the address alone", "203.0.113.9:1, 203.0.113.9:2", "203.0.113.9"],
  ["the last of several, which the proxy wrote", "10.0.0.1, 192.0.2.5,203.0.113.9", "203.0.113.9"],
  ["garbage at the end leaves the connection's", "203.0.113.9, garbage", "198.51.100.1"],
  ["an empty last entry leaves the connection's", "203.0.113.9,", "198.51.100.1"],
  ["an endless entry leaves the connection's", "a".repeat(30_000), "198.51.100.1"],
  ["the last entry behind an endless one", `${"a".repeat(30_000)}, 203.0.113.9`, "203.0.113.9"],
])("the client address of a forwarded request is %s", (_name, forwarded, expected) => {
  expect(clientAddress("::ffff:198.51.100.1", forwarded)).toBe(expected);
});
