import { describe, expect, test } from "bun:test";
import { recordLines } from "../../../../src/cli/commands/log/columns.ts";
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

  test.each(["", "2", "h", "-1h", "2 h", "tomorrow", "2026-13-41", "1e3s", "07"])("%j is refused", (text) =>
    expect(() => parseSince(text, now)).toThrow("--since expects"),
  );

  test.each(["2026-11-29T00:00:00Z", "2999-01-01"])("%j is refused: it is in the future", (text) =>
    expect(() => parseSince(text, now)).toThrow(`--since ${text} is in the future`),
  );
});

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
const piped = { width: undefined, follow: false };

test("a line says when, how often, what, where to, what came of it, and who", () => {
  const [head, line] = recordLines([entry, { ...entry, askers: [] }], now, piped);
  expect(head).toMatch(/LAST +TIMES +WHAT +WHERE +OUTCOME +WHO/);
  expect(line).toMatch(
    /3 +cargo read my-crate 0\.2\.0 +https:\/\/host\.example\/cargo\/my-repo\/ +ok +vouch \(12\) ← cargo \(11\) ← zsh \(10\)/,
  );
  expect(recordLines([{ ...entry, askers: [] }], now, piped)[1]).toEndWith("unknown");
  expect(recordLines([], now, piped)).toHaveLength(1);
});

describe("the table", () => {
  const long = {
    ...entry,
    target: `https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/${"r".repeat(40)}/`,
    askers: Array.from({ length: 16 }, (_, pid) => ({ pid, name: "漢字\u001b[2J", startedAt: "" })),
  };

  test.each([60, 80, 120, 200])("is as wide as a terminal of %d columns at most", (width) => {
    for (const follow of [false, true]) {
      const lines = recordLines([entry, long], now, { width, follow });
      for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(Math.max(width, 80));
    }
  });

  test("keeps the end of a URL that does not fit", () => {
    const [, line] = recordLines([long], now, { width: 100, follow: false });
    expect(line).toMatch(/ …r+ cargo /);
    const [, other] = recordLines([{ ...long, target: `https://h.example/${"r".repeat(60)}/` }], now, {
      width: 100,
      follow: false,
    });
    expect(other).toMatch(/ …r+\/ /);
  });

  test.each([
    [false, /my-repo pypi .*pip \(4711\)/],
    [true, /-repo pypi .*pip \(47/],
  ])("says in 80 columns who asked for what, and for which repository (follow: %p)", (follow, expected) => {
    const target = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/";
    const asked = {
      ...entry,
      operation: "token",
      claims: [],
      target,
      askers: [{ pid: 4711, name: "pip", startedAt: "" }],
    };
    const rows = [asked, { ...asked, operation: "cargo publish", claims: ["my-crate 0.2.0"], outcome: "touch_needed" }];
    const [, ...lines] = recordLines(rows, now, { width: 80, follow });
    for (const line of lines) expect(line).toMatch(expected);
    for (const line of lines) expect(line).toMatch(/ (token |cargo publish)/);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
  });

  test("is cut nowhere when it is piped", () => {
    const [, line] = recordLines([long], now, piped);
    expect(line).toContain(` my-domain/${"r".repeat(40)} cargo `);
    const other = `https://h.example/${"r".repeat(200)}/`;
    expect(recordLines([{ ...long, target: other }], now, piped)[1]).toContain(other);
    expect(line).toContain("(15)");
    expect(line).not.toContain("\u001b");
  });

  test("names several endpoints by their names, the repository once, and by formats", () => {
    const host = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
    const target = `${host}/cargo/my-repo/, ${host}/npm/my-repo/, ${host}/npm/other/, and 1 more`;
    const [head, line] = recordLines([{ ...entry, target }], now, piped);
    expect(line).toContain(" my-domain/my-repo cargo, npm, my-domain/other npm, and 1 more  ok");
    expect(head.indexOf("WHO")).toBeLessThan(120);
  });

  test.each([
    ["keys add start", "ok", "begun"],
    ["keys add start", "login_needed", "login_needed"],
    ["keys add finish", "ok", "ok"],
  ])("says of %s with the outcome %s: %s", (operation, outcome, shown) => {
    const [, line] = recordLines([{ ...entry, operation, claims: [], outcome, target: "-" }], now, piped);
    expect(line).toContain(` ${operation}  -      ${shown} `);
  });

  test.each([undefined, 100, 200])("has its columns where they were while more follows (width %p)", (width) => {
    const layout = { width, follow: true };
    const [head] = recordLines([], now, layout);
    for (const entries of [
      [entry],
      [{ ...entry, operation: "token", claims: [], target: "x", outcome: "touch_needed" }],
    ]) {
      const [again, line] = recordLines(entries, now, layout);
      expect(again).toBe(head);
      expect(line!.indexOf(" ← ")).toBeGreaterThan(head.indexOf("WHO"));
      expect(line!.slice(0, head.indexOf("WHO")).trimEnd()).toMatch(/(ok|touch_needed)$/);
    }
  });
});
