/** A person's security keys on their page, and the forms that change them. */
import { printable } from "../../../base/words/printable.ts";
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import { publicId } from "../../oauth/sessions.ts";
import type { Credential } from "../../store/people/credentials.ts";
import { labels } from "../fields.ts";
import type { SignedIn } from "../session.ts";
import { Fragment, h } from "../view/jsx.ts";
import { Disclosure, Form, Section, Table, Time } from "../view/parts.tsx";

interface KeysProps {
  session: SignedIn;
  keys: Credential[];
  /** Whether the server takes keys that are part of a phone or computer. */
  takesBuiltIn: boolean;
}

export function Keys({ session, keys, takesBuiltIn }: KeysProps) {
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
              cell: ({ id, name, aaguid, product, proof, builtIn }) => (
                <span>
                  {printable(name)}
                  {id === session.credentialId ? (
                    <Fragment>
                      {" "}
                      <span class="badge">used now</span>
                    </Fragment>
                  ) : null}
                  {builtIn ? (
                    <Fragment>
                      {" "}
                      <span class="badge">phone or computer</span>
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
      {keys.length === 0 ? null : <AddKey session={session} takesBuiltIn={takesBuiltIn} />}
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
            <label for={field}>{labels.name}</label>
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

function AddKey({ session, takesBuiltIn }: Pick<KeysProps, "session" | "takesBuiltIn">) {
  return (
    <Disclosure label="Add a security key">
      <Form session={session} action="/keys/add" after="registration">
        <p>First touch the new key, then one that you have already: that allows exactly this new one.</p>
        {takesBuiltIn ? (
          <p>
            The new one may be part of this computer (Touch ID, Windows Hello) or of a phone. The browser offers them:
            choose one that stays on its device.
          </p>
        ) : null}
        <div class="fields">
          <div>
            <label for="new-key-name">{labels.name} of the new key, if you like</label>
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
