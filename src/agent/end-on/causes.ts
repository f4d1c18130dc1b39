/** What may end a session by choice, and its words. */
import type { EndReason } from "../wire/reply-parts.ts";
import type { EndOn } from "../../settings/settings.ts";

/** How the session ended when that has happened. */
export const reasonOf = { lock: "locked", suspend: "suspended", "key-removal": "key_removed" } as const satisfies {
  [On in EndOn]: EndReason;
};

export type ChosenReason = (typeof reasonOf)[EndOn];

/** What has happened, as the end of a sentence: "The session ended when …". */
export const happenings: { [Reason in ChosenReason]: string } = {
  locked: "the screen was locked",
  suspended: "the machine went to sleep",
  key_removed: "the security key was taken out",
};

/** Whether a session ended by choice. */
export function isChosen(reason: EndReason): reason is ChosenReason {
  return Object.hasOwn(happenings, reason);
}
