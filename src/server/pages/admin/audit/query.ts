/** The filters of the audit log's pages: those of `vouch server audit`. */
import * as v from "valibot";
import { VouchError } from "../../../../base/errors.ts";
import { auditEvents } from "../../../audit/events.ts";
import { parsePoint } from "../../../audit/period.ts";
import type { AuditFilter } from "../../../audit/search.ts";
import { HttpError } from "../../../http/failure.ts";
import { endOfTime } from "../../../store/audit.ts";
import { labels } from "../../fields.ts";
import { blankable, text } from "../query.ts";

export const auditFields = {
  since: text,
  until: text,
  who: blankable(v.pipe(v.string(), v.trim(), v.maxLength(1400, "expected at most 1400 characters"))),
  event: blankable(
    v.pipe(
      v.string(),
      v.check((name) => Object.hasOwn(auditEvents, name), "expected the name of an event"),
    ),
  ),
};

const Fields = v.object(auditFields);

/** Returns the filter of these fields; `now` in seconds since 1970. Throws HttpError (400). */
export function auditFilter({ since, until, who, event }: v.InferOutput<typeof Fields>, now: number): AuditFilter {
  return {
    since: since === undefined ? 0 : point(since, labels.since, now),
    until: until === undefined ? endOfTime : point(until, labels.until, now),
    who,
    event,
  };
}

function point(given: string, label: string, now: number): number {
  try {
    return Math.max(0, parsePoint(given.trim(), `"${label}"`, now));
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    throw new HttpError(400, `${error.message} ${error.hint ?? ""}`);
  }
}
