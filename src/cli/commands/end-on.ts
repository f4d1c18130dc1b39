/** What ends a session before its time, in words for `vouch status` and `vouch setup session`. */
import { happenings } from "../../agent/end-on/causes.ts";
import type { StatusReply } from "../../agent/protocol.ts";
import { printable } from "../../base/words/printable.ts";
import type { EndOn, Settings } from "../../settings/settings.ts";
import { yellow } from "../terminal/terminal.ts";

export const endOnWords: { [On in EndOn]: string } = {
  lock: "screen lock",
  suspend: "sleep",
  "key-removal": "removal of the security key",
};

/** Why a session ended, as the end of a sentence. */
export const endedWords: Record<NonNullable<StatusReply["ended"]>, string> = {
  expired: "the session has ended",
  revoked: "the server has ended the session",
  logged_out: "you have logged out",
  locked: `the session ended when ${happenings.locked}`,
  suspended: `the session ended when ${happenings.suspended}`,
  key_removed: `the session ended when ${happenings.key_removed}`,
};

export interface EndOnState {
  on: string;
  failure: string | null;
}

/** As the agent knows it, else as the settings say. */
export function endOnStates(settings: Settings, agent: StatusReply | undefined): EndOnState[] {
  const known: NonNullable<StatusReply["endOn"]> =
    agent?.endOn ?? (settings.session?.endOn ?? []).map((on) => ({ on }));
  return known.map(({ on, failure }) => ({ on, failure: failure === undefined ? null : printable(failure) }));
}

/** One line for all that is noticed, and one for each that is not; none if nothing is chosen. */
export function endOnLines(settings: Settings, agent: StatusReply | undefined): string[] {
  const states = endOnStates(settings, agent);
  if (states.length === 0) return [];
  const failures = states.flatMap(({ on, failure }) => (failure === null ? [] : yellow(`${wordsOf(on)}: ${failure}`)));
  return [states.map(({ on }) => wordsOf(on)).join(", "), ...failures];
}

function wordsOf(on: string): string {
  return Object.hasOwn(endOnWords, on) ? endOnWords[on as EndOn] : printable(on);
}
