/** Why a session ended, for the log: "the session at SERVER has ended: …". */
import { happenings } from "../end-on/causes.ts";
import type { EndReason } from "../wire/reply-parts.ts";

export const endedForLog: { [Reason in EndReason]: string } = {
  expired: "its time is over",
  revoked: "the server has ended it",
  logged_out: "the user has logged out",
  ...happenings,
};
