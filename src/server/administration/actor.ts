/** Who administers, as the audit log names them. */
import type { Fact } from "../audit/entry.ts";
import type { User } from "../store/user.ts";

/** A person who administers over the network, each change by a touch. */
export interface Administrator {
  user: Pick<User, "id" | "email">;
  /** The request's address. */
  address: string;
  /** Id of the security key that was touched for the change. */
  approvedBy: string;
}

/** `operator`: who runs a command on the server's machine. They have the database, and no rights are asked of them. */
export type Actor = "operator" | Administrator;

/** Adds who did it; for an operator the store does. */
export function doneBy(actor: Actor, fact: Fact): Fact {
  if (actor === "operator") return fact;
  const { user, address, approvedBy } = actor;
  return { ...fact, by: user.email, address, detail: { ...fact.detail, administrator: user.id, approvedBy } };
}
