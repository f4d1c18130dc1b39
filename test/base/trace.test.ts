/** What a line of the trace has in it, and what it leaves out. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { VouchError } from "../../src/base/errors.ts";
import {
  reasonOf,
  takeDebugFlag,
  trace,
  traced,
  tracedUrl,
  traceTo,
  unknownDebugValue,
  withoutTokens,
} from "../../src/base/trace.ts";

let lines: string[];
beforeEach(() => {
  lines = [];
  traceTo((line) => lines.push(line));
  process.env["VOUCH_DEBUG"] = "1";
});
afterEach(() => delete process.env["VOUCH_DEBUG"]);

const head = `debug: \\[${process.pid} \\d+\\.\\d ms\\]`;

test("a line of the trace has the process and its milliseconds, and others' text neither ends it nor steers a terminal", () => {
  trace("hid", "channel of \x1b[31mKey\r\nx");
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${head} hid: channel of \ufffd\\[31mKey x$`))]);
});

test("times in the trace never go back", () => {
  for (let count = 0; count < 100; count++) trace("http", "x");
  const times = lines.map((line) => Number(/ (\d+\.\d) ms\]/.exec(line)![1]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test.each(["1", "true", "yes"])("VOUCH_DEBUG=%s traces", (value) => {
  process.env["VOUCH_DEBUG"] = value;
  trace("http", "x");
  expect(lines).toHaveLength(1);
  expect(unknownDebugValue()).toBeUndefined();
});

test.each([
  ["on", "on"],
  ["2", "2"],
  ["0", undefined],
  ["no", undefined],
  ["false", undefined],
  ["", undefined],
])("VOUCH_DEBUG=%s traces nothing; said to be unknown: %p", (value, unknown) => {
  process.env["VOUCH_DEBUG"] = value;
  trace("http", "x");
  expect(lines).toEqual([]);
  expect(unknownDebugValue()).toBe(unknown);
});

test.each(["0", "", "no", "false", "on", undefined])("VOUCH_DEBUG=%s traces nothing", async (value) => {
  if (value === undefined) delete process.env["VOUCH_DEBUG"];
  else process.env["VOUCH_DEBUG"] = value;
  const never = () => {
    throw new Error("not to be called");
  };
  expect(await traced("http", never, async () => 1, never)).toBe(1);
  expect(lines).toEqual([]);
});

test("an exchange is traced with its outcome and its duration", async () => {
  const whole = await traced(
    "http",
    () => "GET x",
    async () => "four",
    ({ length }) => `${length} bytes`,
  );
  expect(whole).toBe("four");
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${head} http: GET x -> 4 bytes, \\d+\\.\\d ms$`))]);
});

test("an exchange that fails is traced by codes alone, and its error is passed on", async () => {
  const cause = Object.assign(new Error("secret of the cause"), { code: "ECONNREFUSED" });
  const error = new VouchError("network", "secret of the message", { cause });
  const failing = traced(
    "http",
    () => "GET x",
    () => Promise.reject(error),
    String,
  );
  expect(await failing.catch((caught: unknown) => caught)).toBe(error);
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^${head} http: GET x -> network \\(ECONNREFUSED\\), \\d+\\.\\d ms$`)),
  ]);
  expect(reasonOf("thrown text")).toBe("internal_error");
});

test.each([
  ["https://user:password@sts.example.com:8443/a/b?token=secret#fragment", "sts.example.com:8443/a/b"],
  ["https://vouch.example.com/v1/keys/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "vouch.example.com/v1/keys/…"],
  ["http://169.254.170.2/v2/credentials/6f6b2b1e-3c2d-4f0a-9a43-1f0d2a2c3b4d", "169.254.170.2/v2/credentials/…"],
  ["https://x.example.com/%0Aa", "x.example.com/%0Aa"],
  ["no url", "no URL"],
])("of the URL %s the trace keeps host and path", (url, shown) => expect(tracedUrl(url)).toBe(shown));

describe("the trace leaves out what looks like a token", () => {
  test.each([
    ["a JWT", "got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXYifQ1.c2lnbmF0dXJlAAAA1 there", "got [redacted] there"],
    ["a JWT with more behind it", "x eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXYifQ1.c2lnAAAA1.ZZSECRET y", "x [redacted] y"],
    ["base64url", `got ${"aB3_-".repeat(10)} there`, "got [redacted] there"],
  ])("such as %s", (_, text, shown) => expect(withoutTokens(text)).toBe(shown));

  test.each([
    "listening on /run/user/1000/a-very-long-folder-name-of-somebody/vouch/agent.sock",
    "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/",
    "arn:aws:iam::123456789012:role/a-role-with-a-long-name-for-developers-of-packages",
    "request 7b2f6c1e-8a55-4a8e-9d5f-0e7f3f1c2b3a",
  ])("but keeps %s", (text) => expect(withoutTokens(text)).toBe(text));
});

test("a long text is cut in the trace", () => {
  trace("hid", "a".repeat(1 << 20));
  expect(lines[0]!.length).toBeLessThan(4_200);
});

test.each([
  [["--debug", "status"], ["status"], true],
  [["status", "--json", "--debug"], ["status", "--json"], true],
  [["exec", "--", "x", "--debug"], ["exec", "--", "x", "--debug"], false],
  [["exec", "--debug", "--", "x", "--debug=1"], ["exec", "--", "x", "--debug=1"], true],
  [[], [], false],
])("of the words %j a command gets %j", (words, rest, isOn) => {
  delete process.env["VOUCH_DEBUG"];
  expect(takeDebugFlag(words)).toEqual(rest);
  expect(process.env["VOUCH_DEBUG"] === "1").toBe(isOn);
});

test("--debug takes no value", () => {
  expect(() => takeDebugFlag(["status", "--debug=yes"])).toThrow("--debug takes no value.");
});
