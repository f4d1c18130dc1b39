/** docs/audit.md names every event and every member of an entry, docs/openapi.yaml every event, and none that is not there. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nextEntry } from "../../../src/server/audit/entry.ts";
import { auditEvents } from "../../../src/server/audit/events.ts";
import { openapi } from "../http/openapi.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/audit.md"), "utf8");

/** The rows of the table with this heading, as cells. */
function rowsOf(heading: string): string[][] {
  const table = page.slice(page.indexOf(heading)).split("\n\n", 1)[0]!;
  return table
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

test("the table of events is the program's", () => {
  const documented = rowsOf("| event | what |").map(([name, what]) => [name!.replaceAll("`", ""), what]);
  expect(documented).toEqual(Object.entries(auditEvents));
});

test("docs/openapi.yaml has the same events", () => {
  const { AuditEvent } = openapi.components["schemas"] as { AuditEvent: { enum: string[] } };
  expect(AuditEvent.enum).toEqual(Object.keys(auditEvents));
});

test("the table of members is that of an entry", () => {
  const documented = rowsOf("| member | what |").flatMap(([names]) => names!.replaceAll("`", "").split(", "));
  const entry = nextEntry("a/0", undefined, { event: "login" }, { time: 0, by: undefined });
  expect(documented.toSorted()).toEqual(Object.keys(entry).toSorted());
});
