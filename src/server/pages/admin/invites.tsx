/** Codes that nobody has used yet, the next to expire first. */
import * as v from "valibot";
import { h } from "../view/jsx.ts";
import { Disclosure, Empty, Table, Time } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { ChangeForm, Pager, PersonLink, TextField } from "./parts.tsx";
import { withQuery } from "./paths.ts";
import { pageOf, perPage } from "./query.ts";

const Cursor = v.pipe(
  v.string(),
  v.regex(/^\d{1,13}_[0-9a-f-]{1,64}$/, "expected a link of the page before"),
  v.transform((text) => {
    const [expiresAt = "", userId = ""] = text.split("_");
    return { expiresAt: Number(expiresAt), userId };
  }),
);

/** GET /admin/invites */
export const invitesPage = adminPage(
  "/admin/invites",
  v.object({ after: v.optional(Cursor) }),
  async ({ after }, { store, now }, reader) => {
    // After every id of those that expire now.
    const start = { expiresAt: now(), userId: "~" };
    const { page, last } = pageOf(await store.accounts.openInvites(after ?? start, perPage + 1));
    const cursor = last && `${last.expiresAt}_${last.user.id}`;
    return {
      title: "Invites",
      lead: "Enrolment codes that nobody has used yet, the next to expire first.",
      children: (
        <section class="card" aria-label="Invites">
          {reader.mayChange ? (
            <Disclosure label="Invite somebody">
              <ChangeForm session={reader.session} type="invite">
                <p>Makes a code for one security key, good for a day. Who is not known yet becomes known by it.</p>
                <div class="fields">
                  <TextField id="email" label="Email address" name="email" maxlength={254} required />
                  <button type="submit" class="primary">
                    Make a code
                  </button>
                </div>
              </ChangeForm>
            </Disclosure>
          ) : null}
          {page.length === 0 ? (
            <Empty>{after === undefined ? "There is no open code." : "No code comes after these."}</Empty>
          ) : (
            <Table
              label="Invites"
              rows={page}
              columns={[
                { title: "Person", isHeader: true, cell: ({ user }) => <PersonLink email={user.email} /> },
                { title: "For", cell: ({ isFirst }) => (isFirst ? "first key" : "further key") },
                { title: "Made", cell: ({ createdAt }) => <Time at={createdAt} /> },
                { title: "Good until", cell: ({ expiresAt }) => <Time at={expiresAt} /> },
              ]}
            />
          )}
          <Pager
            label="Pages of invites"
            first={after === undefined ? undefined : { path: "/admin/invites", words: "First page" }}
            next={
              cursor === undefined
                ? undefined
                : { path: withQuery("/admin/invites", { after: cursor }), words: "Next page" }
            }
          />
        </section>
      ),
    };
  },
);
