/** One profile: what it tells laptops, and the forms that change and end it. */
import * as v from "valibot";
import { printable } from "../../../../base/words/printable.ts";
import { knownLaptopProfile, stateOf } from "../../../administration/laptop-profiles.ts";
import { bodyOf } from "../../../announced/announcement.ts";
import { QueryText } from "../../../http/query.ts";
import { Fragment, h } from "../../view/jsx.ts";
import { Disclosure, Section, Time } from "../../view/parts.tsx";
import { adminPage } from "../admin-page.tsx";
import { ChangeForm, idFields } from "../parts.tsx";
import { groupPath } from "../paths.ts";
import { Announced } from "./announced.tsx";
import { WhatAndWhom } from "./fields.tsx";

/** GET /admin/profile */
export const profilePage = adminPage(
  "/admin/profiles",
  v.object({ name: QueryText }),
  async ({ name }, { store }, { session, mayChange }) => {
    const profile = await knownLaptopProfile(store, name);
    const { group, updatedAt } = profile;
    const body = bodyOf(profile);
    const shown = { profile: profile.name, [idFields.item]: stateOf(profile) };
    return {
      title: profile.name,
      heading: <span class="breakable">{printable(profile.name)}</span>,
      lead: (
        <Fragment>
          For {group === undefined ? "everybody" : <a href={groupPath(group)}>{printable(group)}</a>}, since{" "}
          <Time at={updatedAt} />.
        </Fragment>
      ),
      children: (
        <Fragment>
          <Section id="announced" title="What it announces">
            <Announced body={body} />
          </Section>
          {mayChange ? (
            <Section id="change" title="Change it" about="People see the difference after their next login.">
              <div class="disclosures">
                <Disclosure label="Announce something else">
                  <ChangeForm session={session} type="set-profile" fields={shown}>
                    <WhatAndWhom
                      groups={await store.groups.page({ limit: 200 })}
                      group={group}
                      text={JSON.stringify(body, null, 2)}
                    />
                    <p class="actions">
                      <button type="submit" class="primary">
                        Announce this
                      </button>
                    </p>
                  </ChangeForm>
                </Disclosure>
                <Disclosure label="Remove it">
                  <ChangeForm session={session} type="remove-profile" fields={shown}>
                    <p>Laptops on which it is set up are told so, and keep it until their people agree.</p>
                    <button type="submit" class="danger">
                      Announce it no longer
                    </button>
                  </ChangeForm>
                </Disclosure>
              </div>
            </Section>
          ) : null}
        </Fragment>
      ),
    };
  },
);
