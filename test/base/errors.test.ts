import { describe, expect, test } from "bun:test";
import { type ErrorCode, isWireError, VouchError } from "../../src/base/errors.ts";

test.each<[ErrorCode, number]>([
  ["internal_error", 1],
  ["usage", 2],
  ["security_key_missing", 3],
  ["login_needed", 4],
  ["session_expired", 4],
  ["access_denied", 5],
  ["pin_invalid", 5],
  ["network", 6],
  ["cancelled", 130],
])("%s ends a command with %d", (code, exitCode) => {
  expect(new VouchError(code, "x").exitCode).toBe(exitCode);
});

describe("over a border between processes", () => {
  test("code, message and hint arrive; the cause stays", () => {
    const error = new VouchError("login_needed", "Not logged in.", { hint: "Run `vouch login`.", cause: "secret" });
    const wire = JSON.stringify(error.toWire());
    expect(wire).toBe('{"code":"login_needed","message":"Not logged in.","hint":"Run `vouch login`."}');
    expect(VouchError.fromWire(JSON.parse(wire))).toMatchObject({
      code: "login_needed",
      exitCode: 4,
      hint: error.hint,
    });
  });

  test("the hint of the guided set-up arrives where it is sent along, and is not shown otherwise", () => {
    const error = new VouchError("aws_error", "No.", { hint: "One.", guidedHint: "All." });
    expect(error.toWire()).toEqual({ code: "aws_error", message: "No.", hint: "One." });
    expect(VouchError.fromWire({ ...error.toWire(), guidedHint: "All." }).guidedHint).toBe("All.");
    expect(isWireError({ ...error.toWire(), guidedHint: 1 })).toBe(false);
  });

  test.each(["of_the_future", "toString", "__proto__"])("an unknown code, %s, is an internal error", (code) => {
    const error = VouchError.fromWire({ code, message: "No." });
    expect(error).toMatchObject({ code: "internal_error", message: "No.", exitCode: 1 });
  });

  test.each<[unknown, boolean]>([
    [{ code: "a", message: "b" }, true],
    [{ code: "a", message: "b", hint: "c" }, true],
    [{ code: "a", message: "b", hint: 1 }, false],
    [{ code: "a" }, false],
    [null, false],
    ["a", false],
  ])("%j is a wire error: %p", (value, expected) => expect(isWireError(value)).toBe(expected));
});

test("any thrown value becomes a VouchError that keeps it as its cause", () => {
  const own = new VouchError("network", "x");
  expect(VouchError.from(own)).toBe(own);
  const foreign = new TypeError("odd");
  expect(VouchError.from(foreign)).toMatchObject({ code: "internal_error", message: "odd", cause: foreign });
  expect(VouchError.from("text")).toMatchObject({ code: "internal_error", message: "text", cause: "text" });
});
