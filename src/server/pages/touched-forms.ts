/** The forms that want a touch, by their action, and what is checked before a person is asked for it. */
import { changeTypes, type Subjects } from "../administration/change.ts";
import type { ServerContext } from "../context.ts";
import { changePath } from "./admin/paths.ts";
import type { SignedIn } from "./session.ts";

/** Throws what the form itself would be refused with. Returns what an administrator's change is about; undefined of one's own things. */
export type CheckForm = (
  session: SignedIn,
  fields: Readonly<Record<string, string>>,
  context: ServerContext,
) => Promise<Subjects | undefined>;

export const touchedForms: Readonly<Record<string, () => Promise<CheckForm>>> = {
  "/keys/rename": async () => (await import("./mine/keys.ts")).checkRenaming,
  "/keys/remove": async () => (await import("./mine/keys.ts")).checkRemoval,
  ...Object.fromEntries(
    changeTypes.map((type) => [changePath(type), async () => (await import("./admin/changes.tsx")).checkChange(type)]),
  ),
};
