/** Entries of the audit log for administrators: everything that they have. */
import { printable } from "../../../../base/words/printable.ts";
import { detailTexts } from "../../../audit/detail-text.ts";
import type { AuditEntry } from "../../../audit/entry.ts";
import { endOfTime } from "../../../store/audit.ts";
import { h } from "../../view/jsx.ts";
import { type Column, Email, Empty, Table, Time } from "../../view/parts.tsx";
import { PersonLink } from "../parts.tsx";

/** Characters that a page shows of a text, and of a part of the detail; and so many parts. An export has all. */
const maxShown = 300;
const maxDetail = 80;
const maxDetails = 12;

/** `isAboutOne`: whom the entries are about is said already. */
export function AuditTable({ entries, isAboutOne = false }: { entries: AuditEntry[]; isAboutOne?: boolean }) {
  if (entries.length === 0) return <Empty>Nothing was recorded that fits.</Empty>;
  return (
    <Table
      label="Audit log"
      class="events"
      rows={entries}
      columns={[
        {
          title: "When",
          cell: ({ time }) => (time >= 0 && time < endOfTime ? <Time at={time} /> : "no date: changed"),
        },
        { title: "What", isHeader: true, cell: whatOf },
        ...(isAboutOne ? [] : [about]),
        {
          title: "From",
          cell: ({ address, by }) => (
            <span>
              {by === null ? null : <Email address={shortened(by)} />}
              {address === null ? null : <span class={by === null ? undefined : "sub"}>{shortened(address)}</span>}
            </span>
          ),
        },
      ]}
    />
  );
}

const about: Column<AuditEntry> = {
  title: "About",
  cell: ({ email, user }) => (email === null ? printable(user ?? "–") : <PersonLink email={email} />),
};

function whatOf({ event, reason, detail, credential }: AuditEntry) {
  const key = credential === null ? [] : [`key=${credential}`];
  const details = [...key, ...detailTexts(detail)].map((text) => shortened(readable(text), maxDetail));
  return (
    <span class={event === "refuse" ? "refused" : undefined}>
      {shortened(event.replaceAll("_", " "))}
      {reason === null ? null : <span class="sub">{shortened(reason)}</span>}
      {details.length === 0 ? null : <span class="sub">{details.slice(0, maxDetails).join(" · ")}</span>}
    </span>
  );
}

/** A time in seconds since 1970 as a date, and of a long identifier its begin. */
function readable(text: string): string {
  const [, name, seconds] = /^(\w+(?:At|From))=(\d{10})$/.exec(text) ?? [];
  if (seconds === undefined) return text.replaceAll(/[\w-]{40,}/g, (id) => `${id.slice(0, 12)}…`);
  return `${name}=${new Date(Number(seconds) * 1000).toISOString().slice(0, 16)}Z`;
}

function shortened(text: string, most = maxShown): string {
  const clean = printable(text);
  return clean.length > most ? `${clean.slice(0, most).toWellFormed()}…` : clean;
}
