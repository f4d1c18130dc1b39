import { expect, test } from "bun:test";
import { VouchError } from "../../../../src/base/errors.ts";
import { resumable } from "../../../../src/cli/commands/enroll/resumable.ts";

const single = "Run `vouch login`.";
const goesOn = "What is done stays: `vouch enroll` goes on from here.";

test.each([
  ["the hint of the guided set-up", { code: "aws_error", guidedHint: "Run `vouch enroll`." }, "Run `vouch enroll`."],
  ["a single command that is no login", { code: "file_error", hint: "Free some room." }, `Free some room. ${goesOn}`],
  ["no login, which is a step of it", { code: "login_needed" }, goesOn],
  ["what a stranger's text quotes, as it is", { code: "server_error", hint: "So `vouch login`?" }, "So `vouch login`?"],
] as const)("says %s", (_, { code, ...hints }, expected) => {
  expect(resumable(new VouchError(code, "No.", { hint: single, ...hints }), 1).hint).toStartWith(expected);
});

test("a code is not used up by what was cancelled, unless that is in doubt", () => {
  const cancelled = new VouchError("cancelled", "Cancelled.");
  expect(resumable(cancelled, 0).hint).toContain("is not used up");
  expect(resumable(cancelled, 0, "It is not known.").hint).toBe("It is not known.");
});
