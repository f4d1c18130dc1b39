/** What the audit log has about a person, in words. */
import { printable } from "../../../base/words/printable.ts";
import type { AuditEntry } from "../../audit/entry.ts";
import type { ServerContext } from "../../context.ts";
import { endOfTime, type Position } from "../../store/audit.ts";
import type { Credential } from "../../store/people/credentials.ts";
import { Empty, Table, Time } from "../view/parts.tsx";
import { wordsOf } from "../view/event-words.ts";
import { h } from "../view/jsx.ts";

/** After every entry. */
const newest: Position = { time: endOfTime, chain: "", number: 0 };

/** Entries about the person before `position`, or the newest; `next` is where the following page begins, if there is one. */
export async function recentActivity(
  { store }: ServerContext,
  userId: string,
  position: Position | undefined,
  limit: number,
): Promise<{ entries: AuditEntry[]; next: Position | undefined }> {
  const found = await store.audit.ofUser(userId, position ?? newest, limit + 1);
  const entries = found.slice(0, limit);
  return { entries, next: found.length > limit ? entries.at(-1) : undefined };
}

export function Activity({ entries, keys }: { entries: AuditEntry[]; keys: Credential[] }) {
  if (entries.length === 0) return <Empty>Nothing has happened yet.</Empty>;
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  return (
    <Table
      label="Activity"
      class="events"
      rows={entries}
      columns={[
        { title: "When", cell: ({ time }) => <Time at={time} /> },
        {
          title: "What",
          isHeader: true,
          cell: (entry) => {
            const { what, more } = wordsOf(entry);
            return (
              <span class={entry.event === "refuse" ? "refused" : undefined}>
                {printable(what)}
                {more === undefined ? null : <span class="sub">{printable(more)}</span>}
              </span>
            );
          },
        },
        { title: "Key", cell: ({ credential }) => keyOf(credential, names) },
        { title: "From", cell: ({ address, by }) => printable(address ?? (by === null ? "" : `the server: ${by}`)) },
      ]}
    />
  );
}

function keyOf(credential: string | null, names: ReadonlyMap<string, string>): string {
  if (credential === null) return "–";
  return printable(names.get(credential) ?? "one that you no longer have");
}
