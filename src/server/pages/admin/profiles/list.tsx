/** What laptops are told, by profile: all of them, and the form of a new one. */
import * as v from "valibot";
import { printable } from "../../../../base/words/printable.ts";
import { bodyOf } from "../../../announced/announcement.ts";
import { summaryOf } from "../../../announced/summary.ts";
import type { LaptopProfile } from "../../../store/people/laptop-profiles.ts";
import { h } from "../../view/jsx.ts";
import { Command, Disclosure, Empty, Table, Time } from "../../view/parts.tsx";
import { adminPage } from "../admin-page.tsx";
import { ChangeForm, TextField } from "../parts.tsx";
import { groupPath, profilePath } from "../paths.ts";
import { WhatAndWhom } from "./fields.tsx";

/** GET /admin/profiles */
export const profilesPage = adminPage("/admin/profiles", v.object({}), async (_query, { store }, reader) => {
  const profiles = await store.laptopProfiles.all();
  return {
    title: "Profiles for laptops",
    lead: "Which roles and repositories laptops are told of. Their people see what is new, and accept it or not.",
    children: (
      <section class="card" aria-label="Profiles">
        {reader.mayChange ? (
          <Disclosure label="Announce something">
            <ChangeForm session={reader.session} type="set-profile">
              <WhatAndWhom groups={await store.groups.page({ limit: 200 })} group={undefined} text="">
                <TextField id="profile" name="profile" maxlength={64} required />
              </WhatAndWhom>
              <details>
                <summary>An example</summary>
                <div class="disclosed">
                  <p>With the numbers and names of your accounts in place of these:</p>
                  <Command>{example}</Command>
                </div>
              </details>
              <p class="actions">
                <button type="submit" class="primary">
                  Announce it
                </button>
              </p>
            </ChangeForm>
          </Disclosure>
        ) : null}
        {profiles.length === 0 ? <Empty>Nothing is announced.</Empty> : <Profiles profiles={profiles} />}
      </section>
    ),
  };
});

function Profiles({ profiles }: { profiles: LaptopProfile[] }) {
  return (
    <Table
      label="Profiles"
      rows={profiles}
      columns={[
        { title: "Profile", isHeader: true, cell: ({ name }) => <a href={profilePath(name)}>{printable(name)}</a> },
        {
          title: "For",
          cell: ({ group }) => (group === undefined ? "everybody" : <a href={groupPath(group)}>{printable(group)}</a>),
        },
        { title: "Announces", cell: (each) => summaryOf(bodyOf(each)) },
        { title: "Since", cell: ({ updatedAt }) => <Time at={updatedAt} /> },
      ]}
    />
  );
}

const example = `[aws]
roleArn = "arn:aws:iam::123456789012:role/vouch-developer"
region = "us-east-1"

[[repositories]]
domain = "my-domain"
domainOwner = "123456789012"
region = "us-east-1"
repository = "my-repo"
publishRoleArn = "arn:aws:iam::123456789012:role/vouch-publisher"`;
