/** What `vouch sessions` shows and which session it means. */
import { expect, test } from "bun:test";
import type { OwnSession } from "../../../../src/agent/wire/reply-parts.ts";
import { sessionLines } from "../../../../src/cli/commands/sessions/list.ts";
import { findSession } from "../../../../src/cli/commands/sessions/own-sessions.ts";
import { VouchError } from "../../../../src/base/errors.ts";

const now = new Date(2026, 10, 24, 12, 0).getTime() / 1000;
const session = (id: string, more: Partial<OwnSession> = {}): OwnSession => ({
  id,
  createdAt: now - 3600,
  expiresAt: now + 7 * 3600,
  key: "work",
  client: "laptop",
  thisSession: false,
  ...more,
});
const sessions = [
  session("0123456789abcdef", { thisSession: true }),
  session("0123456789fedcba", { client: null, createdAt: now - 86_400 / 2 - 3600 }),
  session("fedcba9876543210", { key: "drawer", client: "build-host" }),
];

test("the table has ids that can be told apart, and marks this session", () => {
  const lines = sessionLines(sessions, now);
  expect(lines.slice(1)).toEqual([
    "0123456789a  11:00             19:00  work    laptop             this session",
    "0123456789f  2026-11-23 23:00  19:00  work    unknown",
    "fedcba98765  11:00             19:00  drawer  build-host",
  ]);
  expect(lines[0]).toContain("MACHINE (CLAIMED)");
});

test.each([
  ["fedc", 2],
  ["FEDCBA98", 2],
  ["0123456789a", 0],
  ["0123456789abcdef", 0],
])("%s means one session", (text, index) => {
  expect(findSession(sessions, text)).toBe(sessions[index]!);
});

test.each([
  ["0123", "usage"],
  ["fed", "session_not_found"],
  ["", "session_not_found"],
  ["ffff", "session_not_found"],
])("%j means none (%s)", (text, code) => {
  const thrown = expect(() => findSession(sessions, text));
  thrown.toThrow(VouchError);
  thrown.toThrow(expect.objectContaining({ code }));
});
