/**
 * Whose an account at the company's identity provider is. Each function checks, changes and records in the transaction of
 * its tables; `now` is in seconds since 1970.
 */
import { VouchError } from "../../base/errors.ts";
import type { Identity } from "../store/people/identities.ts";
import type { Recording } from "../store/store.ts";
import { type Actor, doneBy } from "./actor.ts";
import { knownPerson } from "./people.ts";

/** The form of a subject (OpenID Connect Core, 2), as far as it is kept. */
export const subjectForm = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** The account of the provider is this person. False if it was theirs already. Throws `person_not_found`, `usage` if it is another's. */
export async function linkIdentity(
  tables: Recording,
  actor: Actor,
  { email, issuer, subject, now }: Identity & { email: string; now: number },
): Promise<{ changed: boolean }> {
  const { identities, record } = tables;
  const identity = { issuer, subject };
  const user = await knownPerson(tables, email);
  const owner = await identities.find(identity);
  if (owner?.id === user.id) return { changed: false };
  if (owner !== undefined) {
    throw new VouchError("usage", `That identity is the one of ${owner.email}.`, {
      hint: `Take it from them first: \`vouch server users unlink ${owner.email} --subject SUB\`.`,
    });
  }
  await identities.add(identity, user.id, now);
  await record(doneBy(actor, { event: "identity_added", user, detail: identity }));
  return { changed: true };
}

/** The account of the provider is nobody's any more. Throws `person_not_found`, `usage` if it is not this person's. */
export async function unlinkIdentity(
  tables: Recording,
  actor: Actor,
  { email, issuer, subject }: Identity & { email: string },
): Promise<void> {
  const identity = { issuer, subject };
  const user = await knownPerson(tables, email);
  if (!(await tables.identities.remove(identity, user.id))) {
    throw new VouchError("usage", `${subject} of ${issuer} is no identity of ${email}.`, {
      hint: `\`vouch server audit --who ${email} --event identity_added\` says which are.`,
    });
  }
  await tables.record(doneBy(actor, { event: "identity_removed", user, detail: identity }));
}
