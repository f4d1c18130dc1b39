/** Queries of the administrators' pages. A form sends its empty fields, too: they count as absent. */
import * as v from "valibot";
import { QueryText } from "../../http/query.ts";

/** Rows of one page. */
export const perPage = 50;

/** A field that may be absent or empty: undefined then. */
export function blankable<Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.union([
      v.pipe(
        v.literal(""),
        v.transform(() => undefined),
      ),
      schema,
    ]),
  );
}

export const text = blankable(QueryText);

/** Splits what was read, one more than a page has, into the page and whether there is another. */
export function pageOf<Item>(found: Item[]): { page: Item[]; last: Item | undefined } {
  const page = found.slice(0, perPage);
  return { page, last: found.length > perPage ? page.at(-1) : undefined };
}
