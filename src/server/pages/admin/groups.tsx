/** All groups, page by page. */
import * as v from "valibot";
import { printable } from "../../../base/words/printable.ts";
import { h } from "../view/jsx.ts";
import { Disclosure, Empty, Table, Time } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { count } from "./chart.tsx";
import { ChangeForm, Pager, sourceNames, TextField } from "./parts.tsx";
import { groupPath, withQuery } from "./paths.ts";
import { pageOf, perPage, text } from "./query.ts";

/** GET /admin/groups */
export const groupsPage = adminPage("/admin/groups", v.object({ after: text }), async ({ after }, context, reader) => {
  const { page, last } = pageOf(await context.store.groups.page({ after: after ?? "", limit: perPage + 1 }));
  const announced = new Set(context.tagGroups);
  return {
    title: "Groups",
    lead: "AWS learns of those that the server announces, and of no other.",
    children: (
      <section class="card" aria-label="Groups">
        {reader.mayChange ? (
          <Disclosure label="Make a group">
            <ChangeForm session={reader.session} type="add-group">
              <div class="fields">
                <TextField id="group" name="group" maxlength={64} required />
                <button type="submit" class="primary">
                  Make it
                </button>
              </div>
            </ChangeForm>
          </Disclosure>
        ) : null}
        {page.length === 0 ? (
          <Empty>There is no group{after === undefined ? " yet" : " after these"}.</Empty>
        ) : (
          <Table
            label="Groups"
            rows={page}
            columns={[
              {
                title: "Group",
                isHeader: true,
                cell: ({ name }) => (
                  <span>
                    <a href={groupPath(name)}>{printable(name)}</a>
                    {announced.has(name) ? <span class="sub">announced to AWS</span> : null}
                  </span>
                ),
              },
              { title: "People", cell: ({ members }) => count(members) },
              { title: "Made by", cell: ({ source }) => sourceNames[source] },
              { title: "Since", cell: ({ createdAt }) => <Time at={createdAt} /> },
            ]}
          />
        )}
        <Pager
          label="Pages of groups"
          first={after === undefined ? undefined : { path: "/admin/groups", words: "First page" }}
          next={last && { path: withQuery("/admin/groups", { after: last.name }), words: "Next page" }}
        />
      </section>
    ),
  };
});
