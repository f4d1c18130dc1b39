import { describe, expect, test } from "bun:test";
import { recordLines } from "../../../../src/cli/commands/log/log.ts";
import { parseSince } from "../../../../src/cli/commands/log/since.ts";

const now = Date.parse("2026-11-28T12:00:00Z") / 1000;

describe("--since", () => {
  test.each([
    ["30s", now - 30],
    ["2h", now - 7200],
    ["1d", now - 86_400],
    ["999999d", 0],
    ["2026-11-28T11:00:00Z", now - 3600],
  ])("%s is understood", (text, time) => expect(parseSince(text, now)).toBe(time));

  test.each(["", "2", "h", "-1h", "2 h", "tomorrow", "2026-11-29T00:00:00Z", "2026-13-41", "1e3s", "07"])(
    "%j is refused",
    (text) => expect(() => parseSince(text, now)).toThrow("--since expects"),
  );
});

test("a line says when, how often, what, where to, what came of it, and who", () => {
  const entry = {
    first: now - 60,
    last: now - 30,
    count: 3,
    operation: "cargo read",
    target: "https://host.example/cargo/my-repo/",
    claims: ["my-crate 0.2.0"],
    outcome: "ok",
    askers: [
      { pid: 12, name: "vouch", startedAt: "3" },
      { pid: 11, name: "cargo", startedAt: "2" },
      { pid: 10, name: "zsh", startedAt: "1" },
    ],
  };
  const [head, line] = recordLines([entry, { ...entry, askers: [] }], now);
  expect(head).toMatch(/LAST +TIMES +WHAT +WHERE +OUTCOME +WHO/);
  expect(line).toMatch(
    /3 +cargo read my-crate 0\.2\.0 +https:\/\/host\.example\/cargo\/my-repo\/ +ok +vouch \(12\) ← cargo \(11\) ← zsh \(10\)/,
  );
  expect(recordLines([{ ...entry, askers: [] }], now)[1]).toEndWith("unknown");
  expect(recordLines([], now)).toEqual([]);
});
