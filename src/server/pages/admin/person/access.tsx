/** What an administrator does about a person's access: a code, locking out, the role, all keys. */
import { roles } from "../../../store/people/roles.ts";
import type { UserSummary } from "../../../store/people/accounts.ts";
import type { SignedIn } from "../../session.ts";
import { h } from "../../view/jsx.ts";
import { Disclosure, Section } from "../../view/parts.tsx";
import { ChangeForm, personFields, Select } from "../parts.tsx";

/** `keys`: how many they have. */
export function Access({ session, user, keys }: { session: SignedIn; user: UserSummary; keys: number }) {
  const about = personFields(user);
  return (
    <Section id="access" title="Access" about="Each change wants a touch of one of your own security keys.">
      <div class="disclosures">
        {user.disabled ? (
          <ChangeForm session={session} type="enable" fields={about}>
            <button type="submit" class="primary">
              Let them log in again
            </button>
          </ChangeForm>
        ) : (
          <Disclosure label="Make an enrolment code">
            <ChangeForm session={session} type="invite" fields={about}>
              <p>
                A code for {keys === 0 ? "their first key" : "a further key"}, good for one key within a day. It takes
                the place of their open one.
              </p>
              <button type="submit" class="primary">
                Make a code
              </button>
            </ChangeForm>
          </Disclosure>
        )}
        <Disclosure label="Change the role">
          <ChangeForm session={session} type="give-role" fields={about}>
            <div class="fields">
              <Select
                id="new-role"
                name="role"
                value={user.role}
                options={roles.map((role) => [role, described[role]] as const)}
              />
              <button type="submit">Give this role</button>
            </div>
            <EvenTheLast user={user} id="last-role" />
          </ChangeForm>
        </Disclosure>
        {user.disabled ? null : (
          <Disclosure label="Lock out">
            <ChangeForm session={session} type="disable" fields={about}>
              <p>Their sessions end, and they cannot log in until somebody lets them. Their keys stay.</p>
              <EvenTheLast user={user} id="last-disable" />
              <button type="submit" class="danger">
                Lock them out
              </button>
            </ChangeForm>
          </Disclosure>
        )}
        {keys === 0 ? null : (
          <Disclosure label="Remove all keys">
            <ChangeForm session={session} type="remove-keys" fields={about}>
              <p>For somebody whose keys are lost. Their sessions end, and only a new code lets them in.</p>
              <EvenTheLast user={user} id="last-keys" />
              <button type="submit" class="danger">
                Remove all keys
              </button>
            </ChangeForm>
          </Disclosure>
        )}
      </div>
    </Section>
  );
}

const described = {
  member: "member: their own things",
  auditor: "auditor: reads everything",
  administrator: "administrator: changes it",
} as const;

/** Asks an administrator who is perhaps the only one: without it the change of such a one is refused. */
export function EvenTheLast({ user, id }: { user: UserSummary; id: string }) {
  if (user.role !== "administrator") return null;
  return (
    <p class="check">
      <input type="checkbox" id={id} name="last" value="yes" />
      <label for={id}>Even if no other administrator is left</label>
    </p>
  );
}
