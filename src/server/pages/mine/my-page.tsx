/** A person's own page: who they are, their keys, sessions, recent activity, and what a new laptop needs. */
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import { printable } from "../../../base/words/printable.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { ownSessions, publicId } from "../../oauth/sessions.ts";
import type { Credential } from "../../store/people/credentials.ts";
import { html, outcomeOf } from "../answer.ts";
import { findSignedIn, idleSeconds, type SignedIn } from "../session.ts";
import { showSignIn } from "../sign-in/page.tsx";
import { Layout } from "../view/layout.tsx";
import { Command, Disclosure, Form, Notice, Section, Table, Time } from "../view/parts.tsx";
import { Activity, recentActivity } from "./activity-table.tsx";
import { Fragment, h } from "../view/jsx.ts";

/** Entries of the activity that the page shows. */
const shown = 8;
/** Sessions that the page lists; all of them end with "End all others". */
const maxSessions = 200;

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
  const page = (
    <Layout title="My page" session={session} path="/">
      <h1>Hello</h1>
      <p class="lead">
        You are <strong>{printable(user.email)}</strong>,{" "}
        {session.method === "sso" ? "signed in by single sign-on" : `signed in with ${keyName(keys, session)}`} until{" "}
        <Time at={session.expiresAt} />.
      </p>
      <Outcome text={outcomeOf(request, context.url)} />
      <Keys session={session} keys={keys} />
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
        <NewLaptop url={context.url} />
      )}
    </Layout>
  );
  return { response: html(page), user: user.id };
};

function Outcome({ text }: { text: string | undefined }) {
  return text === undefined ? null : <Notice kind="success">{text}</Notice>;
}

function keyName(keys: Credential[], { credentialId }: SignedIn): string {
  return printable(keys.find(({ id }) => id === credentialId)?.name ?? "a security key");
}

function Keys({ session, keys }: { session: SignedIn; keys: Credential[] }) {
  const about =
    keys.length === 1
      ? "You have one key. Add a second and keep it elsewhere: if you lose the only one, your administrator must let you in again."
      : "Each of them lets you in. Remove one that is lost: what it opened ends at once.";
  return (
    <Section id="keys" title="Security keys" about={keys.length === 0 ? "You have no security key yet." : about}>
      {keys.length === 0 ? null : (
        <Table
          label="Security keys"
          rows={keys}
          columns={[
            {
              title: "Key",
              isHeader: true,
              cell: ({ id, name, aaguid, product, proof }) => (
                <span>
                  {printable(name)}
                  {id === session.credentialId ? (
                    <Fragment>
                      {" "}
                      <span class="badge">used now</span>
                    </Fragment>
                  ) : null}
                  <span class="sub">
                    {proof
                      ? `${printable(proof.model)} (proved)`
                      : `${printable(describeKey(aaguid, product))} (claimed)`}
                  </span>
                </span>
              ),
            },
            { title: "Added", cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: "Last used",
              cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : <Time at={lastUsedAt} />),
            },
            {
              title: "Change",
              isSelfEvident: true,
              cell: (key) => <KeyForms session={session} credential={key} isOnly={keys.length === 1} />,
            },
          ]}
        />
      )}
      {keys.length === 0 ? null : <AddKey session={session} />}
    </Section>
  );
}

interface KeyFormsProps {
  session: SignedIn;
  credential: Credential;
  isOnly: boolean;
}

function KeyForms({ session, credential: { id, name }, isOnly }: KeyFormsProps) {
  const field = `name-${publicId(id)}`;
  return (
    <Disclosure
      label={
        <Fragment>
          Change<span class="unseen"> {printable(name)}</span>
        </Fragment>
      }
    >
      <Form session={session} action="/keys/rename" fields={{ id, shown: name }} after="touch">
        <div class="fields">
          <div>
            <label for={field}>Name</label>
            <input id={field} type="text" name="name" value={name} maxlength={64} required autocomplete="off" />
          </div>
          <button type="submit">Rename</button>
        </div>
      </Form>
      {isOnly ? (
        <p class="hint">Your only key cannot be removed here: add another one first.</p>
      ) : (
        <Form session={session} action="/keys/remove" fields={{ id, shown: name }} after="touch">
          <p>Removing it ends the sessions that it opened. It can be enrolled again later.</p>
          <button type="submit" class="danger">
            Remove this key
          </button>
        </Form>
      )}
    </Disclosure>
  );
}

function AddKey({ session }: { session: SignedIn }) {
  return (
    <Disclosure label="Add a security key">
      <Form session={session} action="/keys/add" after="registration">
        <p>First touch the new key, then one that you have already: that allows exactly this new one.</p>
        <div class="fields">
          <div>
            <label for="new-key-name">Name of the new key, if you like</label>
            <input id="new-key-name" type="text" name="name" maxlength={64} autocomplete="off" />
          </div>
          <button type="submit" class="primary">
            Add a key
          </button>
        </div>
      </Form>
    </Disclosure>
  );
}

interface ListedSession {
  id: string;
  where: string;
  how: string;
  createdAt: number;
  expiresAt: number;
  isThis: boolean;
}

/** Sessions of the pages, then those of the command line, the newest first. */
async function listedSessions(
  { user, tokenHash }: SignedIn,
  { store, now: clock }: ServerContext,
): Promise<ListedSession[]> {
  const now = clock();
  const pages = await store.pageSessions.ofUser(user.id, now, now - idleSeconds);
  const listed: ListedSession[] = [];
  for await (const each of ownSessions(store, user.id, now)) {
    const where = each.client === undefined ? "A machine without a name" : printable(each.client);
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

function Sessions({ session, sessions }: { session: SignedIn; sessions: ListedSession[] }) {
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
                  <span class="unseen">{isThis ? " here" : ` the session on ${where}`}</span>
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

function FirstKey({ url, hasSingleSignOn }: { url: string; hasSingleSignOn: boolean }) {
  return (
    <Section id="new-laptop" title="Your first key" about="With a security key you log in on any laptop.">
      <ol class="steps">
        <li>
          {hasSingleSignOn ? (
            <a href="/enroll">Get the code that enrols your first key</a>
          ) : (
            "Ask your administrator for a code"
          )}
          {"."}
        </li>
        <li>
          Install Vouch, plug in your key, and type the code where this asks for it:
          <Command>{`vouch enroll --server ${url}`}</Command>
        </li>
      </ol>
    </Section>
  );
}

function NewLaptop({ url }: { url: string }) {
  return (
    <Section
      id="new-laptop"
      title="A new laptop"
      about="Your key is known here already, so a new laptop needs no code."
    >
      <ol class="steps">
        <li>
          Install Vouch, plug in your key, and log in:
          <Command>{`vouch login --server ${url}`}</Command>
        </li>
        <li>
          Say which role and repository you use, and let Vouch configure your package managers:
          <Command>{`vouch enroll --server ${url}`}</Command>
        </li>
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
