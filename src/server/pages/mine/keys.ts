/** Renaming and removing one's own security keys: by a touch of any of them, for exactly that. */
import * as v from "valibot";
import { VouchError } from "../../../base/errors.ts";
import type { Handler } from "../../context.ts";
import { checkNameIsFree, KeyName } from "../../keys/added-key.ts";
import { abilityAt } from "../../keys/marked-keys.ts";
import { expectRemovable, ownKey, removeOwnKey, renameOwnKey } from "../../keys/changes.ts";
import { CredentialId } from "../../webauthn/webauthn-json.ts";
import { redirect } from "../answer.ts";
import { parseFields } from "../fields.ts";
import { stillSignedIn } from "../session.ts";
import type { CheckForm } from "../touched-forms.ts";
import { readTouchedForm } from "../touch.ts";

/** `shown`: the name that the page showed of the key. */
const Renaming = v.object({ id: CredentialId, shown: v.string(), name: KeyName });
const Removal = v.object({ id: CredentialId, shown: v.string() });

export const checkRenaming: CheckForm = async ({ user }, fields, { store }) => {
  const { id, name } = parseFields(Renaming, fields);
  await ownKey(store, user.id, id);
  await checkNameIsFree(store, user.id, name, id);
  return undefined;
};

/** POST /keys/rename */
export const renameKey: Handler = async (request, context) => {
  const { session, form, approved } = await readTouchedForm(request, context, Renaming);
  const { user } = session;
  await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillSignedIn(tables, session, now);
    const changing = { user, address: context.caller.address, approved, now };
    await renameOwnKey(tables, changing, { id: form.id, name: form.shown }, form.name);
  });
  return { response: redirect("mine", "key-renamed"), user: user.id };
};

export const checkRemoval: CheckForm = async ({ user }, fields, context) => {
  const { id } = parseFields(Removal, fields);
  await ownKey(context.store, user.id, id);
  if ((await context.store.credentials.ofUser(user.id)).length === 1) throw onlyKey();
  await expectRemovable(context.store, user, id, { force: false, ability: abilityAt(context) });
  return undefined;
};

/** POST /keys/remove: never the last one, which would lock the person out. */
export const removeKey: Handler = async (request, context) => {
  const { session, form, approved } = await readTouchedForm(request, context, Removal);
  const { user } = session;
  await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillSignedIn(tables, session, now);
    const changing = { user, address: context.caller.address, approved, now };
    await removeOwnKey(
      tables,
      changing,
      { id: form.id, name: form.shown },
      { force: false, ability: abilityAt(context) },
    );
  });
  return { response: redirect("mine", "key-removed"), user: user.id };
};

function onlyKey(): VouchError {
  return new VouchError("last_credential", "This is your only security key: without it you cannot log in any more.", {
    hint: "Add another one first.",
  });
}
