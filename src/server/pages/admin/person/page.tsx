/** One person: keys, sessions, groups, identities, what they did, and what an administrator can do about them. */
import * as v from "valibot";
import { VouchError } from "../../../../base/errors.ts";
import { printable } from "../../../../base/words/printable.ts";
import { announcementFor } from "../../../announced/announcement.ts";
import { listedPerson } from "../../../administration/list-people.ts";
import type { ServerContext } from "../../../context.ts";
import { QueryText } from "../../../http/query.ts";
import type { UserSummary } from "../../../store/people/accounts.ts";
import { recentActivity } from "../../mine/activity-table.tsx";
import { idleSeconds } from "../../session.ts";
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
  const sessions = await sessionsOf(context, user);
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
    </Fragment>
  );
}

interface ListedSession {
  where: Child;
  how: string;
  createdAt: number;
  expiresAt: number;
}

/** Sessions of the pages, then those of the command line. */
async function sessionsOf({ store, now: clock }: ServerContext, { id }: UserSummary): Promise<ListedSession[]> {
  const now = clock();
  const pages = await store.pageSessions.ofUser(id, now, now - idleSeconds);
  const laptops = await store.sessions.ofUser(id, now);
  return [
    ...pages.map(({ method, keyName = "", createdAt, expiresAt }) => {
      const how = method === "sso" ? "single sign-on" : printable(keyName);
      return { where: "A browser", how, createdAt, expiresAt };
    }),
    ...laptops.toReversed().map(({ client, keyName, createdAt, expiresAt }) => {
      const where = client === undefined ? "A machine without a name" : <Claimed text={client} />;
      return { where, how: printable(keyName), createdAt, expiresAt };
    }),
  ].slice(0, maxSessions);
}

function Sessions({ reader, user, sessions }: { reader: Reader; user: UserSummary; sessions: ListedSession[] }) {
  return (
    <Section id="sessions" title="Sessions">
      {sessions.length === 0 ? (
        <Empty>They are logged in nowhere.</Empty>
      ) : (
        <Table
          label="Sessions"
          rows={sessions}
          columns={[
            {
              title: "Machine",
              isHeader: true,
              cell: ({ where, how }) => (
                <span>
                  {where}
                  <span class="sub">{how}</span>
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
