/** One group: who is in it, page by page, and who says so. */
import * as v from "valibot";
import { printable } from "../../../base/words/printable.ts";
import { knownGroup } from "../../administration/groups.ts";
import { QueryText } from "../../http/query.ts";
import type { Group, GroupMember } from "../../store/people/groups.ts";
import { Fragment, h } from "../view/jsx.ts";
import { type Column, Disclosure, Empty, Section, Table } from "../view/parts.tsx";
import { adminPage, type Reader } from "./admin-page.tsx";
import { ChangeForm, groupFields, Pager, personFields, PersonLink, sourceNames, TextField } from "./parts.tsx";
import { groupPath } from "./paths.ts";
import { pageOf, perPage, text } from "./query.ts";

const Query = v.object({ name: QueryText, after: text });

/** GET /admin/group */
export const groupPage = adminPage("/admin/groups", Query, async ({ name, after }, { store, tagGroups }, reader) => {
  const group = await knownGroup(store, name);
  const { page, last } = pageOf(await store.groups.members(group.id, { after: after ?? "", limit: perPage + 1 }));
  return {
    title: group.name,
    heading: <span class="breakable">{printable(group.name)}</span>,
    lead: `Made by ${sourceNames[group.source]}${tagGroups.includes(group.name) ? ", and announced to AWS" : ""}.`,
    children: (
      <Fragment>
        <Section id="members" title="People">
          {page.length === 0 ? (
            <Empty>{after === undefined ? "Nobody is in it." : "Nobody comes after these."}</Empty>
          ) : (
            <Members reader={reader} group={group} members={page} />
          )}
          <Pager
            label="Pages of people"
            first={after === undefined ? undefined : { path: groupPath(group.name), words: "First page" }}
            next={last && { path: groupPath(group.name, { after: last.email }), words: "Next page" }}
          />
          {reader.mayChange ? (
            <Disclosure label="Add a person">
              <ChangeForm session={reader.session} type="join-group" fields={{ ...groupFields(group), at: "group" }}>
                <div class="fields">
                  <TextField id="email" name="email" maxlength={254} required />
                  <button type="submit">Add</button>
                </div>
              </ChangeForm>
            </Disclosure>
          ) : null}
        </Section>
        {reader.mayChange ? <Changes reader={reader} group={group} /> : null}
      </Fragment>
    ),
  };
});

function Members({ reader, group, members }: { reader: Reader; group: Group; members: GroupMember[] }) {
  return (
    <Table
      label="People"
      rows={members}
      columns={[
        {
          title: "Person",
          isHeader: true,
          cell: ({ email, disabled }) => (
            <span>
              <PersonLink email={email} />
              {disabled ? (
                <Fragment>
                  {" "}
                  <span class="badge warning">locked out</span>
                </Fragment>
              ) : null}
            </span>
          ),
        },
        { title: "Said by", cell: ({ sources }) => sources.map((source) => sourceNames[source]).join(", ") },
        ...(reader.mayChange ? [leaving(reader, group)] : []),
      ]}
    />
  );
}

function leaving({ session }: Reader, group: Group): Column<GroupMember> {
  return {
    title: "Change",
    isSelfEvident: true,
    cell: ({ id, email, sources }) =>
      sources.includes("local") ? (
        <ChangeForm
          session={session}
          type="leave-group"
          fields={{ ...groupFields(group), ...personFields({ id, email }), at: "group" }}
        >
          <button type="submit">
            Take out<span class="unseen"> {printable(email)}</span>
          </button>
        </ChangeForm>
      ) : null,
  };
}

function Changes({ reader: { session }, group }: { reader: Reader; group: Group }) {
  const { name, source } = group;
  return (
    <Section id="change" title="Change the group">
      <div class="disclosures">
        {source === "local" ? (
          <Disclosure label="Rename it">
            <ChangeForm session={session} type="rename-group" fields={groupFields(group)}>
              <p>Roles at AWS that demand the old name give nothing to its members any more.</p>
              <div class="fields">
                <TextField id="name" name="name" value={name} maxlength={64} required />
                <button type="submit">Rename</button>
              </div>
            </ChangeForm>
          </Disclosure>
        ) : (
          <p class="hint">It has its name from the company's identity provider.</p>
        )}
        <Disclosure label="Remove it">
          <ChangeForm session={session} type="remove-group" fields={groupFields(group)}>
            <p>All of its memberships go with it.</p>
            <button type="submit" class="danger">
              Remove the group
            </button>
          </ChangeForm>
        </Disclosure>
      </div>
    </Section>
  );
}
