/** A person's own page: who they are, their keys, sessions, recent activity, and what a new laptop needs. */
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { announcementFor } from "../../announced/announcement.ts";
import type { Handler, ServerContext } from "../../context.ts";
import type { Credential } from "../../store/people/credentials.ts";
import { html, noticeOf } from "../answer.ts";
import { findSignedIn, type SignedIn } from "../session.ts";
import { showSignIn } from "../sign-in/page.tsx";
import { Install } from "../view/install.tsx";
import { Layout } from "../view/layout.tsx";
import { Command, Notice, Section, Time } from "../view/parts.tsx";
import { Activity, recentActivity } from "./activity-table.tsx";
import { Keys } from "./key-list.tsx";
import { listedSessions, Sessions } from "./session-list.tsx";
import { h } from "../view/jsx.ts";

/** Entries of the activity that the page shows. */
const shown = 8;

/** GET /: the page of who is signed in, else the sign-in. */
export const myPage: Handler = async (request, context) => {
  const session = await findSignedIn(request, context);
  if (session === undefined) return { response: showSignIn(request, context, "mine") };
  const { user } = session;
  const [keys, sessions, recent] = [
    await context.store.credentials.ofUser(user.id),
    await listedSessions(session, context),
    await recentActivity(context, user.id, undefined, shown),
  ];
  const notice = noticeOf(request);
  const page = (
    <Layout title="My page" session={session} path="/">
      <h1>Hello</h1>
      <p class="lead">
        You are <strong>{printable(user.email)}</strong>,{" "}
        {session.method === "sso" ? "signed in by single sign-on" : `signed in with ${keyName(keys, session)}`} until{" "}
        <Time at={session.expiresAt} />.
      </p>
      <Outcome text={notice.text} />
      <Keys session={session} keys={keys} takesBuiltIn={context.browserLogin !== undefined} />
      <Sessions session={session} sessions={sessions} />
      <Section id="activity" title="Recent activity">
        <Activity entries={recent.entries} keys={keys} />
        <p class="actions">
          <a href="/activity">All activity</a>
        </p>
      </Section>
      {keys.length === 0 ? (
        <FirstKey url={context.url} hasSingleSignOn={context.singleSignOn !== undefined} />
      ) : (
        <NewLaptop url={context.url} isAnnounced={await namesRepositories(context, user.id)} />
      )}
    </Layout>
  );
  return { response: html(page, 200, notice.headers), user: user.id };
};

function Outcome({ text }: { text: string | undefined }) {
  return text === undefined ? null : <Notice kind="success">{text}</Notice>;
}

function keyName(keys: Credential[], { credentialId }: SignedIn): string {
  return printable(keys.find(({ id }) => id === credentialId)?.name ?? "a security key");
}

function FirstKey({ url, hasSingleSignOn }: { url: string; hasSingleSignOn: boolean }) {
  return (
    <Section id="new-laptop" title="Your first key" about="With a security key you log in on any laptop.">
      <ol class="steps">
        <li>
          {hasSingleSignOn ? (
            <a href="/sso/begin?for=enroll">Get the code that enrols your first key</a>
          ) : (
            "Ask your administrator for a code"
          )}
          {"."}
        </li>
        <li>
          Install Vouch:
          <Install />
        </li>
        <li>
          Plug in your key, and type the code where this asks for it:
          <Command>{`vouch enroll --server ${url}`}</Command>
        </li>
      </ol>
    </Section>
  );
}

/** Whether a profile names repositories to this person; false where what is announced cannot be told. */
async function namesRepositories({ store }: ServerContext, userId: string): Promise<boolean> {
  try {
    const { repositories = [] } = await announcementFor(store, userId);
    return repositories.length > 0;
  } catch (error) {
    if (error instanceof VouchError) return false;
    throw error;
  }
}

function NewLaptop({ url, isAnnounced }: { url: string; isAnnounced: boolean }) {
  return (
    <Section
      id="new-laptop"
      title="A new laptop"
      about="Your key is known here already, so a new laptop needs no code."
    >
      <ol class="steps">
        <li>
          Install Vouch:
          <Install />
        </li>
        <li>
          Plug in your key, and log in:
          <Command>{`vouch login --server ${url}`}</Command>
        </li>
        {isAnnounced ? (
          <li>
            The login shows the roles and repositories that your company announces to you, and configures your package
            managers for them if you agree. Later this does:
            <Command>vouch setup</Command>
          </li>
        ) : (
          <li>
            Say which role and repository you use, and let Vouch configure your package managers:
            <Command>{`vouch enroll --server ${url}`}</Command>
          </li>
        )}
        <li>
          See whether everything works:
          <Command>vouch doctor</Command>
        </li>
      </ol>
      <p class="hint">
        After that each day begins with <code>vouch login</code>: PIN, touch, and eight hours of packages.
      </p>
    </Section>
  );
}
