/** A person's sessions on their page: of the pages and of the command line. */
import { printable } from "../../../base/words/printable.ts";
import type { ServerContext } from "../../context.ts";
import { ownSessions, publicId } from "../../oauth/sessions.ts";
import { type SignedIn } from "../session.ts";
import { type Child, Fragment, h } from "../view/jsx.ts";
import { Claimed, Form, Section, Table, Time } from "../view/parts.tsx";

/** Sessions that the page lists; all of them end with "End all others". */
const maxSessions = 200;

interface ListedSession {
  id: string;
  where: Child;
  how: string;
  createdAt: number;
  expiresAt: number;
  isThis: boolean;
}

/** Sessions of the pages, then those of the command line, the newest first. */
export async function listedSessions(
  { user, tokenHash }: SignedIn,
  { store, now: clock }: ServerContext,
): Promise<ListedSession[]> {
  const now = clock();
  const pages = await store.pageSessions.ofUser(user.id, now);
  const listed: ListedSession[] = [];
  for await (const each of ownSessions(store, user.id, now)) {
    const where = each.client === undefined ? "A machine without a name" : <Claimed text={each.client} />;
    listed.unshift({ ...each, id: publicId(each.tokenHash), where, how: printable(each.keyName), isThis: false });
  }
  return [
    ...pages.map((each) => ({
      createdAt: each.createdAt,
      expiresAt: each.expiresAt,
      id: publicId(each.tokenHash),
      where: each.tokenHash === tokenHash ? "This browser" : "A browser",
      how: each.method === "sso" ? "single sign-on" : printable(each.keyName ?? ""),
      isThis: each.tokenHash === tokenHash,
    })),
    ...listed,
  ].slice(0, maxSessions);
}

export function Sessions({ session, sessions }: { session: SignedIn; sessions: ListedSession[] }) {
  return (
    <Section
      id="sessions"
      title="Sessions"
      about="Where you are logged in now. End one that you do not know, or that you have left somewhere."
    >
      <Table
        label="Sessions"
        rows={sessions}
        columns={[
          {
            title: "Machine",
            isHeader: true,
            cell: ({ where, how, isThis }) => (
              <span>
                {where}
                {isThis ? (
                  <Fragment>
                    {" "}
                    <span class="badge">this page</span>
                  </Fragment>
                ) : null}
                <span class="sub">{how}</span>
              </span>
            ),
          },
          { title: "Since", cell: ({ createdAt }) => <Time at={createdAt} /> },
          { title: "Until", cell: ({ expiresAt }) => <Time at={expiresAt} /> },
          {
            title: "End",
            isSelfEvident: true,
            cell: ({ id, where, isThis }) => (
              <Form session={session} action={isThis ? "/sign-out" : "/sessions/end"} fields={isThis ? {} : { id }}>
                <button type="submit">
                  {isThis ? "Sign out" : "End"}
                  <span class="unseen">
                    {isThis ? (
                      " here"
                    ) : (
                      <Fragment>
                        {" the session on "}
                        {where}
                      </Fragment>
                    )}
                  </span>
                </button>
              </Form>
            ),
          },
        ]}
      />
      {sessions.length < 2 ? null : (
        <div class="actions">
          <Form session={session} action="/sessions/end" fields={{ which: "others" }}>
            <button type="submit" class="danger">
              End all others
            </button>
          </Form>
          <Form session={session} action="/sessions/end" fields={{ which: "all" }}>
            <button type="submit" class="danger">
              End all, this one too
            </button>
          </Form>
        </div>
      )}
      <p class="hint">
        Tokens that AWS has issued to a session stay good until they end, eight hours after its login at most.
      </p>
    </Section>
  );
}
