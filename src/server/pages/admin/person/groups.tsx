/** The groups of a person, and who says so. */
import { printable } from "../../../../base/words/printable.ts";
import type { GroupSummary, Membership } from "../../../store/people/groups.ts";
import type { User } from "../../../store/people/user.ts";
import { Fragment, h } from "../../view/jsx.ts";
import { type Column, Disclosure, Empty, Section, Table } from "../../view/parts.tsx";
import type { Reader } from "../admin-page.tsx";
import { ChangeForm, groupFields, personFields, sourceNames, TextField } from "../parts.tsx";
import { groupPath } from "../paths.ts";

interface Props {
  reader: Reader;
  user: User;
  memberships: Membership[];
  /** Groups that the field proposes. */
  known: GroupSummary[];
}

export function Groups({ reader, user, memberships, known }: Props) {
  return (
    <Section id="groups" title="Groups">
      {memberships.length === 0 ? (
        <Empty>They are in no group.</Empty>
      ) : (
        <Table
          label="Groups"
          rows={memberships}
          columns={[
            {
              title: "Group",
              isHeader: true,
              cell: ({ group }) => <a href={groupPath(group.name)}>{printable(group.name)}</a>,
            },
            { title: "Said by", cell: ({ sources }) => sources.map((source) => sourceNames[source]).join(", ") },
            ...(reader.mayChange ? [leaving(reader, user)] : []),
          ]}
        />
      )}
      {reader.mayChange ? <Join reader={reader} user={user} known={known} /> : null}
    </Section>
  );
}

function Join({ reader, user, known }: Pick<Props, "reader" | "user" | "known">) {
  return (
    <Disclosure label="Add to a group">
      <ChangeForm session={reader.session} type="join-group" fields={{ ...personFields(user), at: "person" }}>
        <div class="fields">
          <TextField id="group" name="group" maxlength={64} required list="known-groups" />
          <button type="submit">Add</button>
        </div>
        <datalist id="known-groups">
          {known.map(({ name }) => (
            <option value={name} />
          ))}
        </datalist>
      </ChangeForm>
    </Disclosure>
  );
}

function leaving({ session }: Reader, user: User): Column<Membership> {
  return {
    title: "Change",
    isSelfEvident: true,
    cell: ({ group, sources }) =>
      sources.includes("local") ? (
        <ChangeForm
          session={session}
          type="leave-group"
          fields={{ ...groupFields(group), ...personFields(user), at: "person" }}
        >
          <button type="submit">
            Take out<span class="unseen"> of {printable(group.name)}</span>
          </button>
        </ChangeForm>
      ) : (
        <Fragment />
      ),
  };
}
