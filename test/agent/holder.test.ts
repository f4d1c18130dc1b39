import { expect, test } from "bun:test";
import { holderOf } from "../../src/agent/publishing/holder.ts";
import { processInfo } from "../../src/base/process/process-info.ts";

const uid = process.geteuid!();

test("a touch belongs to the process that has connected, not to a later one with its id", () => {
  const { pid, startedAt } = processInfo(process.pid)!;
  expect(holderOf({ uid, pid, startedAt }, "self")!.process).toMatchObject({ pid, startedAt });
  expect(holderOf({ uid, pid, startedAt }, "parent")!.process.pid).toBe(process.ppid);
  for (const kind of ["self", "parent"] as const) {
    expect(holderOf({ uid, pid, startedAt: "1" }, kind)).toBeUndefined();
    expect(holderOf({ uid, pid }, kind)).toBeUndefined();
  }
});
