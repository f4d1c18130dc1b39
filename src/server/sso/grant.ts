/** What a verified sign-on gives: a person, their groups, and an enrolment code or a session of the pages. */
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import type { ServerContext } from "../context.ts";
import { makeEnrollmentCode } from "../keys/enrollment-code.ts";
import { openPageSession } from "../pages/session.ts";
import { sha256 } from "../random.ts";
import type { SignOnPurpose } from "../store/people/sign-ons.ts";
import type { Recording } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import { admit, type Claims, keptGroups } from "./claims.ts";
import type { SsoSettings } from "./settings.ts";

/** Lifetime of an enrolment code that a page shows, in seconds. */
const codeSeconds = 600;

export interface Arrived {
  claims: Claims;
  settings: SsoSettings;
  /** Encrypted; undefined where the provider gave none, or none was asked for. */
  refreshToken: string | undefined;
}

/**
 * Makes the enrolment code of a person who never had a key, in place of an open one. Throws `login_denied`,
 * `enrollment_denied`, HttpError (429).
 */
export async function grantCode(arrived: Arrived, context: ServerContext): Promise<{ code: string; user: User }> {
  const code = makeEnrollmentCode();
  const user = await context.store.transaction(async (tables) => {
    const person = await personOf(arrived, "enroll", tables, context);
    if (await tables.accounts.hasEnrolled(person.id)) {
      throw new VouchError(
        "enrollment_denied",
        "You have enrolled a security key before: single sign-on gives the first one only.",
        {
          hint: "`vouch login` with it, then `vouch keys add` adds another. Without any, ask your administrator for a code (`vouch server invite`).",
        },
      );
    }
    const expiresAt = context.now() + codeSeconds;
    await tables.accounts.invite(person.email, sha256(code), context.now(), expiresAt);
    await tables.record({ event: "invite", user: person, address: context.caller.address, detail: { expiresAt } });
    return person;
  });
  return { code, user };
}

/** Opens a session of the pages; returns the header that sets its cookie. Throws as `grantCode`. */
export async function grantPages(
  request: Request,
  arrived: Arrived,
  context: ServerContext,
): Promise<{ cookie: Record<string, string>; user: User }> {
  return await context.store.transaction(async (tables) => {
    const user = await personOf(arrived, "pages", tables, context);
    const opened = { user, method: "sso", credentialId: undefined } as const;
    const cookie = await openPageSession(tables, request, context, opened, context.now());
    if (cookie === undefined) throw new Error("the user vanished while signing in");
    const { address } = context.caller;
    await tables.record({ event: "page_sign_in", user, address, detail: { method: "sso" } });
    return { cookie, user };
  });
}

/** The person whose identity it is, found by SCIM's id or made at the first sign-on, with the groups that the provider says. */
async function personOf(
  { claims, settings, refreshToken }: Arrived,
  purpose: SignOnPurpose,
  tables: Recording,
  { caller, now }: ServerContext,
): Promise<User> {
  const { accounts, groups, identities, record } = tables;
  const identity = { issuer: settings.issuer, subject: claims.subject };
  const known = await identities.find(identity);
  const matched = known ?? (await madeByScim());
  if (matched) caller.user = matched;
  const email = admit(claims, settings, matched !== undefined);
  const { address } = caller;
  const user = matched ?? (await newPerson(email!));
  caller.user = user;
  const tooMany = caller.count("person", user.id);
  if (tooMany) throw tooMany;
  if (user.disabled) {
    throw new VouchError("login_denied", "The administrator has disabled this account.", {
      hint: "Ask your administrator (`vouch server enable EMAIL`).",
    });
  }
  if (known === undefined) {
    await identities.add(identity, user.id, now());
    await record({ event: "identity_added", user, address, detail: identity });
  }
  await identities.seen(identity, now(), refreshToken);
  const changed =
    claims.groups === undefined
      ? { joined: [], left: [] }
      : await groups.replaceMemberships(user.id, "sso", keptGroups(claims.groups), now());
  await record({ event: "sign_on", user, address, detail: { ...identity, for: purpose, ...changed } });
  return user;

  /**
   * The one person who has this id in SCIM. Whoever has SCIM's token may write it: it gives nobody who has something to
   * lose to another account of the provider.
   */
  async function madeByScim(): Promise<User | undefined> {
    if (claims.externalId === undefined) return undefined;
    const [found, ...others] = await tables.provisioned.findByExternalId(claims.externalId, 2);
    if (found === undefined || others.length > 0) return undefined;
    const person = { id: found.id, email: found.email, disabled: found.disabled };
    const why = await whyNotByScim(person.id);
    if (why === undefined) return person;
    caller.user = person;
    throw new VouchError("login_denied", `SCIM's externalId of this account is that of ${person.email}, who ${why}.`, {
      hint: `If it is you, ask your administrator to link it: \`${linkCommand(person.email)}\`.`,
    });
  }

  /** Why an administrator alone links an account of the provider to the person; undefined if SCIM's id is enough. */
  async function whyNotByScim(userId: string): Promise<string | undefined> {
    if ((await identities.ofUser(userId)).some(({ issuer }) => issuer === settings.issuer)) {
      return "has another account at the identity provider";
    }
    const role = await tables.roles.roleOf(userId);
    if (role !== "member") return `is ${role === "auditor" ? "an auditor" : "an administrator"}`;
    return (await accounts.hasEnrolled(userId)) ? "has, or had, a security key" : undefined;
  }

  function linkCommand(whom: string): string {
    return `vouch server users link ${whom} --subject=${shellWord(claims.subject)}`;
  }

  /** An address that is a person's already makes nobody that person: whoever may set it at the provider could. */
  async function newPerson(verified: string): Promise<User> {
    const made = await accounts.add(verified, now());
    if (made !== undefined) return made;
    const other = await accounts.findUser(verified);
    if (other) caller.user = other;
    throw new VouchError(
      "login_denied",
      `There is a person ${verified} here whose account at the identity provider is not known.`,
      {
        hint: `If it is yours, ask your administrator to link it: \`${linkCommand(verified)}\`.`,
      },
    );
  }
}
