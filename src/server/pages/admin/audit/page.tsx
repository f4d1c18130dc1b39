/** The audit log, the newest first, with the filters of `vouch server audit`. */
import * as v from "valibot";
import { AuditCursor, writeCursor } from "../../../audit/cursor.ts";
import { auditEvents } from "../../../audit/events.ts";
import { searchPage } from "../../../audit/search.ts";
import { h } from "../../view/jsx.ts";
import { adminPage } from "../admin-page.tsx";
import { AuditTable } from "./table.tsx";
import { auditFields, auditFilter } from "./query.ts";
import { Pager, Select, TextField } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { perPage } from "../query.ts";

const Query = v.object({ ...auditFields, before: v.optional(AuditCursor) });

const events = [["", "all"], ...Object.keys(auditEvents).map((name) => [name, name.replaceAll("_", " ")])] as [
  string,
  string,
][];

/** GET /admin/audit */
export const auditPage = adminPage("/admin/audit", Query, async ({ before, ...fields }, { store, now }) => {
  const filter = auditFilter(fields, now());
  const { entries, next } = await searchPage(store, filter, { position: before, limit: perPage });
  const { since, until, who, event } = fields;
  return {
    title: "Audit log",
    lead: "Who did what, the newest first.",
    children: (
      <section class="card" aria-label="Audit log">
        <form method="get" action="/admin/audit" class="filters" role="search">
          <TextField id="who" name="who" value={who} maxlength={1400} hint="email, address, key" />
          <Select id="event" name="event" value={event} options={events} />
          <TextField id="since" name="since" value={since} maxlength={40} hint="7d, 2026-11-28" />
          <TextField id="until" name="until" value={until} maxlength={40} hint="12h, 2026-11-29" />
          <div class="buttons">
            <button type="submit" class="primary">
              Show
            </button>
            <a class="button" href={withQuery("/admin/audit/export", fields)} download>
              Export as JSON lines
            </a>
          </div>
        </form>
        {entries.length === 0 && next !== undefined ? (
          <p class="empty">None of these entries fits: older ones may.</p>
        ) : (
          <AuditTable entries={entries} />
        )}
        <Pager
          label="Pages of the audit log"
          first={before === undefined ? undefined : { path: withQuery("/admin/audit", fields), words: "Newest" }}
          next={
            next === undefined
              ? undefined
              : { path: withQuery("/admin/audit", { ...fields, before: writeCursor(next) }), words: "Older" }
          }
        />
      </section>
    ),
  };
});
