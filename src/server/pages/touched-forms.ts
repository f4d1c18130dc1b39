/** The forms that want a touch, by their action, and what is checked before a person is asked for it. */
import type { ServerContext } from "../context.ts";
import type { SignedIn } from "./session.ts";

/** Throws what the form itself would be refused with. */
export type CheckForm = (
  session: SignedIn,
  fields: Readonly<Record<string, string>>,
  context: ServerContext,
) => Promise<void>;

export const touchedForms: Readonly<Record<string, () => Promise<CheckForm>>> = {
  "/keys/rename": async () => (await import("./mine/keys.ts")).checkRenaming,
  "/keys/remove": async () => (await import("./mine/keys.ts")).checkRemoval,
};
