/** Codes that nobody has used yet, the next to expire first. */
import * as v from "valibot";
import { InviteCursor, openInvites, writeInviteCursor } from "../../administration/list-invites.ts";
import { h } from "../view/jsx.ts";
import { Disclosure, Empty, Table, Time } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { ChangeForm, Pager, PersonLink, TextField } from "./parts.tsx";
import { withQuery } from "./paths.ts";
import { pageOf, perPage } from "./query.ts";

/** GET /admin/invites */
export const invitesPage = adminPage(
  "/admin/invites",
  v.object({ after: v.optional(InviteCursor) }),
  async ({ after }, { store, now }, reader) => {
    const { page, last } = pageOf(await openInvites(store, now(), { after, limit: perPage + 1 }));
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
                  <TextField id="email" name="email" maxlength={254} required />
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
            next={last && { path: withQuery("/admin/invites", { after: writeInviteCursor(last) }), words: "Next page" }}
          />
        </section>
      ),
    };
  },
);
