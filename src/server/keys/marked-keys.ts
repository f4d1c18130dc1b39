/**
 * What keys that are marked as part of a phone or computer may not do where the setting `browser-login-publish` is off: an
 * administrator's code enrols a key that is not marked, so neither publishing nor administration is theirs.
 */
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import type { Credential } from "../store/people/credentials.ts";
import type { Ability } from "../store/people/roles.ts";
import type { Approved } from "./approval.ts";

/** Whether a touch of the key may allow publishing, or an administrator's change. */
export function mayPublish({ builtIn }: Pick<Credential, "builtIn">, { browserLogin }: ServerContext): boolean {
  return browserLogin?.publish === true || !builtIn;
}

/** Which administrators can change anything at this server. */
export function abilityAt({ browserLogin, singleSignOn }: ServerContext): Ability {
  const refusedBy = singleSignOn?.recheck === undefined ? undefined : singleSignOn.settings.issuer;
  return { builtIn: browserLogin?.publish === true, refusedBy };
}

/** Returns those of an administrator's keys that may approve their changes. Throws `login_denied` if none may. */
export function approversOf(enrolled: Credential[], context: ServerContext): Credential[] {
  const able = enrolled.filter((key) => mayPublish(key, context));
  if (able.length === 0) throw approvesNothing();
  return able;
}

/** Throws `login_denied` if the key that was touched may approve no administrator's change. */
export function expectApprover(approved: Approved, context: ServerContext): void {
  if (mayPublish(approved, context)) return;
  context.caller.credential = approved.credentialId;
  throw approvesNothing();
}

function approvesNothing(): VouchError {
  return new VouchError(
    "login_denied",
    "Keys of a phone or computer, and keys that those approved, approve no administrator's change at this server.",
    { hint: "Touch a security key: one that is not marked as a phone's or computer's." },
  );
}
