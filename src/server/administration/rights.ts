/** What each role may do beyond a person's own things. Pages and API ask here. */
import { VouchError } from "../../base/errors.ts";
import type { Role } from "../store/people/roles.ts";
import type { Transaction } from "../store/store.ts";

/** To read what is there about everybody, or to change it. */
export type Right = "read" | "change";

const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  member: [],
  auditor: ["read"],
  administrator: ["read", "change"],
};

/** Whether the role has the right. */
export function may(role: Role, right: Right): boolean {
  return rightsOf[role].includes(right);
}

/**
 * Checks the person's right; a change checks it once more in its own transaction. Returns their role. Throws
 * `access_denied`.
 */
export async function expectRight({ roles }: Transaction, userId: string, right: Right): Promise<Role> {
  const role = await roles.roleOf(userId);
  if (may(role, right)) return role;
  const wanted = right === "read" ? "Auditors and administrators" : "Administrators";
  throw new VouchError("access_denied", `${wanted} may do this, and you are ${named[role]}.`, {
    hint: "Ask an administrator; the first is named on the server's machine: `vouch server admin add EMAIL`.",
  });
}

const named: Readonly<Record<Role, string>> = {
  member: "a member",
  auditor: "an auditor",
  administrator: "an administrator",
};
