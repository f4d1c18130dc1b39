/** Who a person is at the company's identity provider: by single sign-on, and by SCIM. */
import { printable } from "../../../../base/words/printable.ts";
import type { KnownIdentity } from "../../../store/people/identities.ts";
import type { User } from "../../../store/people/user.ts";
import type { ScimState } from "../../../store/people/provisioned.ts";
import { Fragment, h } from "../../view/jsx.ts";
import { type Column, Disclosure, Empty, Section, Table, Time } from "../../view/parts.tsx";
import type { Reader } from "../admin-page.tsx";
import { ChangeForm, personFields, TextField } from "../parts.tsx";

interface IdentitiesProps {
  reader: Reader;
  user: User;
  identities: KnownIdentity[];
  /** Of the configured provider; undefined without one. */
  issuer: string | undefined;
}

export function Identities({ reader, user, identities, issuer }: IdentitiesProps) {
  return (
    <Section id="identities" title="Single sign-on" about="Who they are there: an address alone links nobody.">
      {identities.length === 0 ? (
        <Empty>They have no account of the identity provider.</Empty>
      ) : (
        <Table
          label="Identities"
          rows={identities}
          columns={[
            { title: "Subject", isHeader: true, cell: ({ subject }) => printable(subject) },
            { title: "Provider", cell: ({ issuer: theirs }) => printable(theirs) },
            { title: "Since", cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: "Last sign-on",
              cell: ({ lastSeenAt }) => (lastSeenAt === undefined ? "never" : <Time at={lastSeenAt} />),
            },
            ...(reader.mayChange ? [unlinking(reader, user)] : []),
          ]}
        />
      )}
      {reader.mayChange ? (
        <Disclosure label="Link an account">
          <ChangeForm session={reader.session} type="link-identity" fields={personFields(user)}>
            <p>
              Whoever signs on with that account is this person from then on. The audit log has the subject of a sign-on
              that was refused.
            </p>
            <div class="fields">
              <TextField id="subject" name="subject" maxlength={255} required />
              <TextField id="issuer" name="issuer" value={issuer} maxlength={2048} required />
              <button type="submit">Link it</button>
            </div>
          </ChangeForm>
        </Disclosure>
      ) : null}
    </Section>
  );
}

function unlinking({ session }: Reader, user: User): Column<KnownIdentity> {
  return {
    title: "Change",
    isSelfEvident: true,
    cell: ({ issuer, subject }) => (
      <Disclosure
        label={
          <Fragment>
            Unlink<span class="unseen"> {printable(subject)}</span>
          </Fragment>
        }
      >
        <ChangeForm session={session} type="unlink-identity" fields={{ ...personFields(user), issuer, subject }}>
          <p>The account is nobody's any more. Keys and sessions of the person stay.</p>
          <button type="submit" class="danger">
            Unlink it
          </button>
        </ChangeForm>
      </Disclosure>
    ),
  };
}

interface ScimProps {
  reader: Reader;
  user: User;
  state: ScimState | undefined;
  externalId: string | undefined;
}

export function Scim({ reader: { session, mayChange }, user, state, externalId }: ScimProps) {
  return (
    <Section id="scim" title="SCIM">
      <p>
        {state === "managed" ? (
          <Fragment>
            The identity provider keeps this person
            {externalId === undefined ? "" : ", as "}
            {externalId === undefined ? null : <span class="breakable">{printable(externalId)}</span>}.
          </Fragment>
        ) : state === "open" ? (
          "SCIM takes them up when it makes them next."
        ) : (
          "SCIM neither sees nor changes this person."
        )}
      </p>
      {mayChange ? (
        <div class="disclosures">
          {state !== undefined ? null : (
            <Disclosure label="Let SCIM take them up">
              <ChangeForm session={session} type="link-scim" fields={personFields(user)}>
                <p>It does when it makes them next. Then it renames them, locks them out and lets them in.</p>
                <button type="submit">Let it</button>
              </ChangeForm>
            </Disclosure>
          )}
          {state === undefined ? null : (
            <Disclosure label="Take them from SCIM">
              <ChangeForm session={session} type="unlink-scim" fields={personFields(user)}>
                <p>They stay as they are, apart from groups that SCIM put them into.</p>
                <button type="submit" class="danger">
                  Take them from SCIM
                </button>
              </ChangeForm>
            </Disclosure>
          )}
        </div>
      ) : null}
    </Section>
  );
}
