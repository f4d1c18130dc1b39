/**
 * What an administrator says about whose an identity of the company's identity provider is. Each function checks, changes
 * and records in the transaction of its tables.
 */
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import type { Identity } from "../store/people/identities.ts";
import type { Recording } from "../store/store.ts";
import { type Actor, doneBy } from "./actor.ts";
import { knownPerson } from "./people.ts";

/**
 * Says that the identity is a person's; `now` in seconds since 1970. False if it was theirs before. Throws
 * `person_not_found`, `identity_taken`.
 */
export async function linkIdentity(
  tables: Recording,
  actor: Actor,
  { email, identity, now }: { email: string; identity: Identity; now: number },
): Promise<{ changed: boolean }> {
  const { identities, record } = tables;
  const user = await knownPerson(tables, email);
  const owner = await identities.find(identity);
  if (owner?.id === user.id) return { changed: false };
  if (owner !== undefined) {
    const subject = identity.subject.includes("`") ? "SUB" : shellWord(identity.subject);
    throw new VouchError("identity_taken", `That identity is the one of ${owner.email}.`, {
      hint: `Take it from them first: \`vouch server users unlink ${owner.email} --subject ${subject}\`.`,
    });
  }
  await identities.add(identity, user.id, now);
  await record(doneBy(actor, { event: "identity_added", user, detail: { ...identity } }));
  return { changed: true };
}

/** Takes the identity from a person. Throws `person_not_found`, `identity_not_found`. */
export async function unlinkIdentity(
  tables: Recording,
  actor: Actor,
  { email, identity }: { email: string; identity: Identity },
): Promise<void> {
  const { identities, record } = tables;
  const user = await knownPerson(tables, email);
  if (!(await identities.remove(identity, user.id))) {
    const { issuer, subject } = identity;
    throw new VouchError("identity_not_found", `${subject} of ${issuer} is no identity of ${email}.`, {
      hint: `\`vouch server audit --who ${email} --event identity_added\` says which are.`,
    });
  }
  await record(doneBy(actor, { event: "identity_removed", user, detail: { ...identity } }));
}
