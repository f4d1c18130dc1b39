/** People with their security keys, as the command line and the API list them. */
import { describeKey } from "../../fido/webauthn/authenticator-model.ts";
import { type PeopleFilter, type UserSummary, usersPage } from "../store/people/accounts.ts";
import type { Credential } from "../store/people/credentials.ts";
import type { Transaction } from "../store/store.ts";
import { noPerson } from "./people.ts";

export interface ListedPerson {
  user: UserSummary;
  /** In the order of their enrolment. */
  keys: Credential[];
}

/** A page of at most `limit` people after the email `after`, in the order of their emails. */
export async function peoplePage(
  { accounts, credentials }: Transaction,
  now: number,
  { after, limit, filter }: { after: string; limit: number; filter?: PeopleFilter },
): Promise<ListedPerson[]> {
  const page = await accounts.users(now, { ...filter, after, limit });
  const [first, last] = [page[0], page.at(-1)];
  // A filter may leave few of many: then the keys of each are read.
  const isSparse = filter !== undefined && Object.values(filter).some((value) => value !== undefined);
  const all = isSparse ? [] : await credentials.between(after, last?.email);
  const keys = Map.groupBy(all, ({ userId }) => userId);
  if (first === undefined) return [];
  const listed: ListedPerson[] = [];
  for (const user of page) {
    listed.push({ user, keys: isSparse ? await credentials.ofUser(user.id) : (keys.get(user.id) ?? []) });
  }
  return listed;
}

/** One person with their keys. Throws `person_not_found`. */
export async function listedPerson(tables: Transaction, email: string, now: number): Promise<ListedPerson> {
  const user = (await tables.accounts.summary(email, now)) ?? noPerson(email);
  return { user, keys: await tables.credentials.ofUser(user.id) };
}

/** People after the email `after`, `limit` at most, read page by page: a long list needs no memory. */
export async function* people(
  tables: Transaction,
  now: number,
  { after, limit }: { after: string; limit: number },
): AsyncGenerator<ListedPerson> {
  let position = after;
  for (let left = limit; left > 0;) {
    const asked = Math.min(left, usersPage);
    const page = await peoplePage(tables, now, { after: position, limit: asked });
    yield* page;
    if (page.length < asked) return;
    left -= page.length;
    position = page.at(-1)!.user.email;
  }
}

/** A person as JSON; times in seconds since 1970. */
export function personJson({ user, keys }: ListedPerson) {
  return {
    id: user.id,
    email: user.email,
    displayName: user.displayName ?? null,
    scim: user.scim ?? null,
    role: user.role,
    createdAt: user.createdAt,
    disabled: user.disabled,
    disabledBy: user.disabledBy ?? null,
    sessions: user.sessions,
    inviteExpiresAt: user.inviteExpiresAt,
    recheck: user.recheck ?? null,
    credentials: keys.map(({ id, name, aaguid, product, backedUp, builtIn, createdAt, lastUsedAt, proof }) => ({
      id,
      name,
      model: proof?.model ?? describeKey(aaguid, product),
      // Without a proof the key, or a program posing as one, claims its own model.
      modelAttested: proof !== undefined,
      proof: proof ?? null,
      aaguid,
      backedUp,
      builtIn,
      createdAt,
      lastUsedAt,
    })),
  };
}
