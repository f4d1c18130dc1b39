/** One person: keys, sessions, groups, identities, what they did, and what an administrator can do about them. */
import * as v from "valibot";
import { VouchError } from "../../../../base/errors.ts";
import { printable } from "../../../../base/words/printable.ts";
import { announcementFor } from "../../../announced/announcement.ts";
import { listedPerson } from "../../../administration/list-people.ts";
import { type LiveSession, liveSessions } from "../../../administration/list-sessions.ts";
import type { ServerContext } from "../../../context.ts";
import { QueryText } from "../../../http/query.ts";
import type { UserSummary } from "../../../store/people/accounts.ts";
import { recentActivity } from "../../mine/activity-table.tsx";
import { type Child, Fragment, h } from "../../view/jsx.ts";
import { Claimed, Empty, Notice, Section, Table, Time } from "../../view/parts.tsx";
import { adminPage, type Reader } from "../admin-page.tsx";
import { AuditTable } from "../audit/table.tsx";
import { ChangeForm, personFields } from "../parts.tsx";
import { Announced } from "../profiles/announced.tsx";
import { withQuery } from "../paths.ts";
import { Access } from "./access.tsx";
import { Groups } from "./groups.tsx";
import { Keys } from "./keys.tsx";
import { Identities, Scim } from "./provider.tsx";

/** Entries of the audit log that the page shows. */
const shown = 8;
/** Sessions that the page lists; all of them end with "End all sessions". */
const maxSessions = 100;

/** GET /admin/person */
export const personPage = adminPage("/admin/people", v.object({ email: QueryText }), async (query, context, reader) => {
  const { store, now } = context;
  const { user, keys } = await listedPerson(store, query.email, now());
  const sessions = await liveSessions(store, user.id, now());
  const { entries } = await recentActivity(context, user.id, undefined, shown);
  return {
    title: user.email,
    heading: <Heading user={user} />,
    lead: <Lead user={user} />,
    children: (
      <Fragment>
        {reader.mayChange ? <Access session={reader.session} user={user} keys={keys.length} /> : null}
        <Keys reader={reader} user={user} keys={keys} />
        <Sessions reader={reader} user={user} sessions={sessions} />
        <Groups
          reader={reader}
          user={user}
          memberships={await store.groups.ofUser(user.id)}
          known={reader.mayChange ? await store.groups.page({ limit: 200 }) : []}
        />
        <Identities
          reader={reader}
          user={user}
          identities={await store.identities.ofUser(user.id)}
          issuer={context.singleSignOn?.settings.issuer}
        />
        <Scim reader={reader} user={user} {...await store.provisioned.stateOf(user.id)} />
        <Section id="announced" title="What their laptops are told">
          {await told(context, user.id)}
        </Section>
        <Section id="activity" title="Latest entries">
          <AuditTable entries={entries} isAboutOne />
          <p class="actions">
            <a href={withQuery("/admin/audit", { who: user.email })}>All of the audit log about them</a>
          </p>
        </Section>
      </Fragment>
    ),
  };
});

/** Profiles of several groups may be more together than a laptop takes. */
async function told({ store }: ServerContext, userId: string): Promise<Child> {
  try {
    return <Announced body={await announcementFor(store, userId)} />;
  } catch (error) {
    if (error instanceof VouchError) return <Notice kind="error">{error.message}</Notice>;
    throw error;
  }
}

function Heading({ user }: { user: UserSummary }) {
  return (
    <Fragment>
      <span class="breakable">{printable(user.email)}</span>
      {user.role === "member" ? null : (
        <Fragment>
          {" "}
          <span class="badge">{user.role}</span>
        </Fragment>
      )}
      {user.disabled ? (
        <Fragment>
          {" "}
          <span class="badge warning">locked out</span>
        </Fragment>
      ) : null}
    </Fragment>
  );
}

function Lead({ user }: { user: UserSummary }) {
  return (
    <Fragment>
      {user.displayName === undefined ? "Known" : `${printable(user.displayName)} · known`} since{" "}
      <Time at={user.createdAt} />
      {user.inviteExpiresAt === undefined ? null : (
        <Fragment>
          {" · open enrolment code until "}
          <Time at={user.inviteExpiresAt} />
        </Fragment>
      )}
      {user.recheck === undefined ? null : ` · ${rechecks[user.recheck]}`}
    </Fragment>
  );
}

const rechecks = {
  asked: "the identity provider is asked at logins",
  refused: "refused by the identity provider",
} as const;

function whereOf({ kind, client }: LiveSession): Child {
  if (kind === "page") return "A browser";
  return client === undefined ? "A machine without a name" : <Claimed text={client} />;
}

function Sessions({ reader, user, sessions }: { reader: Reader; user: UserSummary; sessions: LiveSession[] }) {
  return (
    <Section id="sessions" title="Sessions">
      {sessions.length === 0 ? (
        <Empty>They are logged in nowhere.</Empty>
      ) : (
        <Table
          label="Sessions"
          rows={sessions.slice(0, maxSessions)}
          columns={[
            {
              title: "Machine",
              isHeader: true,
              cell: (session) => (
                <span>
                  {whereOf(session)}
                  <span class="sub">{session.key === undefined ? "single sign-on" : printable(session.key)}</span>
                </span>
              ),
            },
            { title: "Since", cell: ({ createdAt }) => <Time at={createdAt} /> },
            { title: "Until", cell: ({ expiresAt }) => <Time at={expiresAt} /> },
          ]}
        />
      )}
      {reader.mayChange && sessions.length > 0 ? (
        <ChangeForm session={reader.session} type="end-sessions" fields={personFields(user)} class="actions">
          <button type="submit" class="danger">
            End all sessions
          </button>
        </ChangeForm>
      ) : null}
    </Section>
  );
}
