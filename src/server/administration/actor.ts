/** Who administers, as the audit log names them. */
import type { Fact } from "../audit/entry.ts";
import type { Ability } from "../store/people/roles.ts";
import type { User } from "../store/people/user.ts";

/** A person who administers over the network, each change by a touch. */
export interface Administrator {
  user: Pick<User, "id" | "email">;
  /** The request's address. */
  address: string;
  /** Id of the security key that was touched for the change. */
  approvedBy: string;
  /** Which administrators can change anything: of those one must be left. */
  ability: Ability;
}

/** The company's identity provider, by SCIM. */
export interface ScimClient {
  /** Name of its token. */
  scim: string;
  /** The request's address. */
  address: string;
}

/** `operator`: who runs a command on the server's machine. They have the database, and no rights are asked of them. */
export type Actor = "operator" | Administrator | ScimClient;

/** Whether it is a person, whose right to administer may be the last. */
export function isAdministrator(actor: Actor): actor is Administrator {
  return typeof actor !== "string" && "user" in actor;
}

/** Adds who did it; for an operator the store does. */
export function doneBy(actor: Actor, fact: Fact): Fact {
  if (actor === "operator") return fact;
  if (!isAdministrator(actor)) return { ...fact, by: `scim:${actor.scim}`, address: actor.address };
  const { user, address, approvedBy } = actor;
  return { ...fact, by: user.email, address, detail: { ...fact.detail, administrator: user.id, approvedBy } };
}
