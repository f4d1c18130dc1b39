/** A person's security keys, with their models and what proves them. */
import { describeKey } from "../../../../fido/webauthn/authenticator-model.ts";
import { printable } from "../../../../base/words/printable.ts";
import { publicId } from "../../../oauth/sessions.ts";
import type { UserSummary } from "../../../store/people/accounts.ts";
import type { Credential } from "../../../store/people/credentials.ts";
import { Fragment, h } from "../../view/jsx.ts";
import { type Column, Disclosure, Empty, Section, Table, Time } from "../../view/parts.tsx";
import type { Reader } from "../admin-page.tsx";
import { ChangeForm, personFields } from "../parts.tsx";
import { EvenTheLast } from "./access.tsx";

export function Keys({ reader, user, keys }: { reader: Reader; user: UserSummary; keys: Credential[] }) {
  return (
    <Section id="keys" title="Security keys">
      {keys.length === 0 ? (
        <Empty>They have no security key.</Empty>
      ) : (
        <Table
          label="Security keys"
          rows={keys}
          columns={[
            {
              title: "Key",
              isHeader: true,
              cell: ({ name, id, backedUp, builtIn }) => (
                <span>
                  {printable(name)}
                  {backedUp ? (
                    <Fragment>
                      {" "}
                      <span class="badge warning">synced</span>
                    </Fragment>
                  ) : null}
                  {builtIn ? (
                    <Fragment>
                      {" "}
                      <span class="badge">phone or computer</span>
                    </Fragment>
                  ) : null}
                  <span class="sub">{`${id.slice(0, 16)}…`}</span>
                </span>
              ),
            },
            { title: "Model", cell: modelOf },
            { title: "Added", cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: "Last used",
              cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : <Time at={lastUsedAt} />),
            },
            ...(reader.mayChange ? [removal(reader, user)] : []),
          ]}
        />
      )}
    </Section>
  );
}

/** Without a proof the key, or a program posing as one, claims its own model. */
function modelOf({ aaguid, product, proof }: Credential) {
  if (proof === undefined) {
    return (
      <span>
        {printable(describeKey(aaguid, product))}
        <span class="sub">claimed by the key</span>
      </span>
    );
  }
  const by = proof.by === "metadata" ? "FIDO metadata" : "a root of the policy";
  return (
    <span>
      {printable(proof.model)} <span class="badge">proved</span>
      <span class="sub">{printable([`by ${by}`, ...proof.certified].join(", "))}</span>
    </span>
  );
}

function removal({ session }: Reader, user: UserSummary): Column<Credential> {
  return {
    title: "Change",
    isSelfEvident: true,
    cell: ({ id, name }) => (
      <Disclosure
        label={
          <Fragment>
            Remove<span class="unseen"> {printable(name)}</span>
          </Fragment>
        }
      >
        <ChangeForm session={session} type="remove-key" fields={{ ...personFields(user), key: id }}>
          <p>Removing it ends the sessions that it opened.</p>
          <EvenTheLast user={user} id={`last-${publicId(id)}`} />
          <button type="submit" class="danger">
            Remove this key
          </button>
        </ChangeForm>
      </Disclosure>
    ),
  };
}
