import { expect, test } from "bun:test";
import { network, RateLimiter } from "../../../src/server/http/rate-limit.ts";

/** Whether two addresses share a limit. */
function one(first: string, second: string): boolean {
  return network(first) === network(second);
}

test("addresses of one IPv6 subscriber count as one client, and others apart", () => {
  expect(one("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")).toBe(true);
  expect(one("2001:db8::1", "2001:db8:0:0:5::")).toBe(true);
  expect(one("2001:db8:1:2::1", "2001:db8:1:3::1")).toBe(false);
  expect(one("::1", "::2")).toBe(true);
  expect(one("::ffff:192.0.2.1", "::ffff:192.0.2.2")).toBe(false);
  expect(one("192.0.2.1", "192.0.2.2")).toBe(false);
  expect(one("192.0.2.1", "192.0.2.1")).toBe(true);
});

test("each rate class has a limit of its own, and a flood of addresses does not lift it at once", () => {
  const limiter = new RateLimiter({ enroll: 1, login: 2, token: 1 });
  expect([limiter.take("enroll", "a", 0), limiter.take("enroll", "a", 59)]).toEqual([0, 1]);
  expect([limiter.take("login", "a", 59), limiter.take("login", "a", 59)]).toEqual([0, 0]);
  for (let index = 0; index < 40_000; index++) limiter.take("token", `10.${index >> 8}.${index & 255}.1`, 59);
  expect(limiter.take("login", "a", 59)).toBe(60);
  expect(limiter.take("enroll", "a", 60)).toBe(0);
});
