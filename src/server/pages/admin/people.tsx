/** People, found by their address, name, role or state, page by page. */
import * as v from "valibot";
import { printable } from "../../../base/words/printable.ts";
import { type ListedPerson, peoplePage as readPeople } from "../../administration/list-people.ts";
import { type Role, roles } from "../../store/people/roles.ts";
import { scimStates } from "../../store/people/provisioned.ts";
import { Fragment, h } from "../view/jsx.ts";
import { Empty, Table, Time } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { Pager, PersonLink, Select, TextField } from "./parts.tsx";
import { withQuery } from "./paths.ts";
import { blankable, pageOf, perPage, text } from "./query.ts";

const states = [
  ["", "any"],
  ["enabled", "enabled"],
  ["disabled", "locked out"],
] as const;

const scimOptions = [
  ["", "any"],
  ["managed", "keeps them"],
  ["open", "may take them up"],
] as const;

const Query = v.object({
  search: text,
  role: blankable(v.picklist(roles)),
  state: blankable(v.picklist(["enabled", "disabled"])),
  scim: blankable(v.picklist(scimStates)),
  after: text,
});

/** GET /admin/people */
export const peoplePage = adminPage("/admin/people", Query, async ({ after, ...fields }, { store, now }) => {
  const { search, role, state, scim } = fields;
  const disabled = state === undefined ? undefined : state === "disabled";
  const filter = { search: search?.trim(), role, disabled, scim };
  const { page, last } = pageOf(await readPeople(store, now(), { after: after ?? "", limit: perPage + 1, filter }));
  const isFiltered = Object.values(fields).some((value) => value !== undefined);
  return {
    title: "People",
    lead: "In the order of their addresses.",
    children: (
      <section class="card" aria-label="People">
        <form method="get" action="/admin/people" class="filters" role="search">
          <TextField id="search" label="Address or name" name="search" value={search} maxlength={254} />
          <Select id="role" label="Role" name="role" value={role} options={[["", "any"], ...roles.map(named)]} />
          <Select id="state" label="State" name="state" value={state} options={states} />
          <Select id="scim" label="SCIM" name="scim" value={scim} options={scimOptions} />
          <div class="buttons">
            <button type="submit" class="primary">
              Find
            </button>
          </div>
        </form>
        {page.length === 0 ? (
          <Empty>{isFiltered ? "Nobody fits." : "There is nobody yet."}</Empty>
        ) : (
          <People people={page} />
        )}
        <Pager
          label="Pages of people"
          first={after === undefined ? undefined : { path: withQuery("/admin/people", fields), words: "First page" }}
          next={
            last === undefined
              ? undefined
              : { path: withQuery("/admin/people", { ...fields, after: last.user.email }), words: "Next page" }
          }
        />
      </section>
    ),
  };
});

function named(role: Role): readonly [string, string] {
  return [role, role];
}

function People({ people }: { people: ListedPerson[] }) {
  return (
    <Table
      label="People"
      rows={people}
      columns={[
        {
          title: "Person",
          isHeader: true,
          cell: ({ user }) => (
            <span>
              <PersonLink email={user.email} />
              {user.role === "member" ? null : (
                <Fragment>
                  {" "}
                  <span class="badge">{user.role}</span>
                </Fragment>
              )}
              {user.displayName === undefined ? null : <span class="sub">{printable(user.displayName)}</span>}
            </span>
          ),
        },
        { title: "Keys", cell: ({ keys }) => (keys.length === 0 ? <span class="faint">none</span> : keys.length) },
        {
          title: "Logged in",
          cell: ({ user }) => (user.sessions === 0 ? <span class="faint">no</span> : sessionsOf(user.sessions)),
        },
        {
          title: "State",
          cell: ({ user }) => {
            if (user.disabled) return <span class="badge warning">locked out</span>;
            if (user.inviteExpiresAt === undefined) return "enabled";
            return (
              <span>
                open code
                <span class="sub">
                  until <Time at={user.inviteExpiresAt} />
                </span>
              </span>
            );
          },
        },
      ]}
    />
  );
}

function sessionsOf(count: number): string {
  return count === 1 ? "1 session" : `${count} sessions`;
}
