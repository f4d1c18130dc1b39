/** Names an entry of the audit log in a URL: where the next page begins. */
import * as v from "valibot";
import type { Position } from "../store/audit.ts";

export const AuditCursor = v.pipe(
  v.string(),
  v.regex(/^\d{1,13}_-?\d{1,16}_[\w-]{0,700}$/, "expected `next` of an answer"),
  v.transform(readCursor),
);

/** Names an entry, after which the next page begins. Somebody may have changed its chain and its number. */
export function writeCursor({ time: seconds, chain, number }: Position): string {
  const bounded = Math.trunc(Math.max(-1e15, Math.min(number, 1e15)));
  return `${seconds}_${bounded}_${Buffer.from(chain.slice(0, 128)).toString("base64url")}`;
}

function readCursor(text: string): Position {
  const [, seconds, number, chain = ""] = /^(\d+)_(-?\d+)_(.*)$/.exec(text) ?? [];
  // PostgreSQL's text has no NUL.
  const decoded = Buffer.from(chain, "base64url").toString("utf8").replaceAll("\0", "");
  return { time: Number(seconds), number: Number(number), chain: decoded };
}
