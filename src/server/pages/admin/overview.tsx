/** What has been going on: logins and refusals over time, and the latest entries of the audit log. */
import * as v from "valibot";
import { activity, type ActivityBucket } from "../../administration/activity.ts";
import { searchPage } from "../../audit/search.ts";
import { endOfTime } from "../../store/audit.ts";
import { Fragment, h } from "../view/jsx.ts";
import { Section, Table } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { AuditTable } from "./audit/table.tsx";
import { Chart, count } from "./chart.tsx";

const hour = 3600;
const day = 24 * hour;
const periods = {
  "24h": { words: "24 hours", seconds: day, unit: "hour" },
  "7d": { words: "7 days", seconds: 7 * day, unit: "day" },
  "30d": { words: "30 days", seconds: 30 * day, unit: "day" },
  "90d": { words: "90 days", seconds: 90 * day, unit: "day" },
} as const;

type Period = keyof typeof periods;

/** Entries of the audit log that the page shows. */
const shown = 10;

const Query = v.object({ period: v.optional(v.picklist(Object.keys(periods) as Period[]), "30d") });

/** GET /admin */
export const overview = adminPage("/admin", Query, async ({ period }, { store, now }) => {
  const { seconds, unit } = periods[period];
  const unitSeconds = unit === "hour" ? hour : day;
  // So many whole units, of which the last is the present one.
  const until = now() + 1;
  const first = now() - (now() % unitSeconds) - seconds + unitSeconds;
  const buckets = await activity(store, { since: Math.max(0, first), until, unit });
  const filter = { since: 0, until: endOfTime, who: undefined, event: undefined };
  const { entries } = await searchPage(store, filter, { position: undefined, limit: shown });
  return {
    title: "Overview",
    lead: "Who logged in, and what was refused.",
    children: (
      <Fragment>
        <Section id="access" title="Logins and refusals">
          <nav class="choices" aria-label="Period">
            {Object.entries(periods).map(([name, { words }]) => (
              <a href={`/admin?period=${name}`} aria-current={name === period ? "true" : undefined}>
                {words}
              </a>
            ))}
          </nav>
          <div class="charts">
            <Chart
              title="Logins"
              kind="accent"
              unit={unit}
              bars={buckets.map(({ start, logins }) => ({ label: inWords(start, unit), value: logins }))}
            />
            <Chart
              title="Refusals"
              kind="danger"
              unit={unit}
              bars={buckets.map(({ start, refusals }) => ({ label: inWords(start, unit), value: refusals }))}
            />
          </div>
          <p class="hint">
            Each bar is {unit === "hour" ? "an hour" : "a day"} of UTC. Logins are those of the command line: who signed
            in to these pages is in the audit log alone. Refusals are entries of the audit log, which has one for many
            of a flood.
          </p>
          <details>
            <summary>The same as a table</summary>
            <Numbers buckets={buckets} unit={unit} />
          </details>
        </Section>
        <Section id="latest" title="Latest entries">
          <AuditTable entries={entries} />
          <p class="actions">
            <a href="/admin/audit">The whole audit log</a>
          </p>
        </Section>
      </Fragment>
    ),
  };
});

/** The newest first. */
function Numbers({ buckets, unit }: { buckets: ActivityBucket[]; unit: "hour" | "day" }) {
  return (
    <Table
      label="Logins and refusals"
      rows={buckets.toReversed()}
      columns={[
        { title: unit === "hour" ? "Hour" : "Day", isHeader: true, cell: ({ start }) => inWords(start, unit) },
        { title: "Logins", cell: ({ logins }) => count(logins) },
        { title: "Refusals", cell: ({ refusals }) => count(refusals) },
      ]}
    />
  );
}

function inWords(start: number, unit: "hour" | "day"): string {
  const iso = new Date(start * 1000).toISOString();
  return unit === "day" ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}
