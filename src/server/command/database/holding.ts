import { count } from "../../../base/words/count.ts";

/** What a database holds, for people; by the number of rows of its tables. */
export function holding(rows: Readonly<Record<string, number>>): string {
  return `${count(rows["users"] ?? 0, "person", "people")}, ${count(rows["credentials"] ?? 0, "security key")}`;
}
