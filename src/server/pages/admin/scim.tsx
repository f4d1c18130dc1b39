/** The tokens of SCIM, and the way to the people whom it keeps. */
import * as v from "valibot";
import { printable } from "../../../base/words/printable.ts";
import type { ScimToken } from "../../store/people/scim-tokens.ts";
import { Fragment, h } from "../view/jsx.ts";
import { type Column, Command, Disclosure, Empty, Section, Table, Time } from "../view/parts.tsx";
import { adminPage, type Reader } from "./admin-page.tsx";
import { count } from "./chart.tsx";
import { ChangeForm, idFields, TextField } from "./parts.tsx";
import { withQuery } from "./paths.ts";

/** GET /admin/scim */
export const scimPage = adminPage("/admin/scim", v.object({}), async (_query, { store, url }, reader) => {
  const tokens = await store.scimTokens.list();
  const people = await store.provisioned.count();
  return {
    title: "SCIM",
    lead: "The company's identity provider keeps people and groups here by itself.",
    children: (
      <Fragment>
        <Section
          id="tokens"
          title="Tokens"
          about="Whoever has one makes, renames and locks out people, and fills groups."
        >
          {reader.mayChange ? <NewToken reader={reader} /> : null}
          {tokens.length === 0 ? <Empty>There is no token.</Empty> : <Tokens reader={reader} tokens={tokens} />}
          <p class="hint">The base URL, for the provider:</p>
          <Command>{`${url}/scim/v2`}</Command>
        </Section>
        <Section id="people" title="People">
          <p>
            SCIM keeps{" "}
            <a href={withQuery("/admin/people", { scim: "managed" })}>
              {people === 1 ? "1 person" : `${count(people)} people`}
            </a>
            {". It sees and changes nobody else. Each person's page says whether it may take them up."}
          </p>
        </Section>
      </Fragment>
    ),
  };
});

function NewToken({ reader }: { reader: Reader }) {
  return (
    <Disclosure label="Make a token">
      <ChangeForm session={reader.session} type="add-scim-token">
        <p>It is shown once. For a new one in place of an old: make it, give it to the provider, remove the old.</p>
        <div class="fields">
          <TextField id="token" name="token" maxlength={32} required />
          <button type="submit" class="primary">
            Make it
          </button>
        </div>
      </ChangeForm>
    </Disclosure>
  );
}

function Tokens({ reader, tokens }: { reader: Reader; tokens: ScimToken[] }) {
  return (
    <Table
      label="Tokens"
      rows={tokens}
      columns={[
        { title: "Name", isHeader: true, cell: ({ name }) => printable(name) },
        { title: "Made", cell: ({ createdAt }) => <Time at={createdAt} /> },
        {
          title: "Last used",
          cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : <Time at={lastUsedAt} />),
        },
        ...(reader.mayChange ? [removal(reader)] : []),
      ]}
    />
  );
}

function removal({ session }: Reader): Column<ScimToken> {
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
        <ChangeForm session={session} type="remove-scim-token" fields={{ token: name, [idFields.item]: id }}>
          <p>Its client is refused from now on. People and groups stay as they are.</p>
          <button type="submit" class="danger">
            Remove this token
          </button>
        </ChangeForm>
      </Disclosure>
    ),
  };
}
