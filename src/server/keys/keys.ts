/**
 * A user's own security keys, authorised by their session: list, add, rename, remove. Changes to who can log in (add,
 * remove) also need an assertion of an enrolled key: a stolen laptop has the session, but not the key.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { addKey, checkNameIsFree, KeyName, nameTaken } from "./added-key.ts";
import { addition, beginApproval, recordApproval, removal, verifyApproval } from "./approval.ts";
import { authorize, stillLive } from "../oauth/authorization.ts";
import { readJson } from "../http/body.ts";
import type { Handler } from "../context.ts";
import { randomToken } from "../random.ts";
import type { Credential } from "../store/credentials.ts";
import { AuthenticationResponseSchema, CredentialId, RegistrationResponseSchema } from "../webauthn/webauthn-json.ts";

const CeremonyId = v.pipe(v.string(), v.maxLength(64));
const AddRequest = v.strictObject({
  ceremony: CeremonyId,
  approval: AuthenticationResponseSchema,
  credential: RegistrationResponseSchema,
  name: v.exactOptional(KeyName),
  product: v.exactOptional(KeyName),
});
const RenameRequest = v.strictObject({ id: CredentialId, name: KeyName });
const Removal = { id: CredentialId, force: v.optional(v.boolean(), false) };
const RemoveOptionsRequest = v.strictObject(Removal);
const RemoveRequest = v.strictObject({ ...Removal, ceremony: CeremonyId, approval: AuthenticationResponseSchema });

/** GET /v1/credentials: the keys in order of enrolment. */
export const listKeys: Handler = async (request, context) => {
  const { user, credentialId } = await authorize(request, context);
  const credentials = await context.store.credentials.ofUser(user.id);
  return {
    response: Response.json({ credentials: credentials.map((key) => toJson(key, credentialId)) }),
    user: user.id,
  };
};

/**
 * POST /v1/credentials/add/options: begins the addition of a key that the user has not enrolled yet. Returns the
 * creation options for the new key, and the request options for the enrolled key that approves the addition.
 */
export const addKeyOptions: Handler = async (request, context) => {
  const { user } = await authorize(request, context);
  const { name } = await readJson(request, v.strictObject({ name: v.exactOptional(KeyName) }));
  const { store, relyingParty } = context;
  await checkNameIsFree(store, user.id, name);
  const enrolled = await store.credentials.ofUser(user.id);
  const options = await relyingParty.creationOptions(user, enrolled);
  const { ceremony, approval } = await beginApproval(context, addition(user, name), options.challenge, enrolled);
  return { response: Response.json({ ceremony, approval, options }), user: user.id };
};

/** POST /v1/credentials/add: verifies the approval and the registration, and adds the key. */
export const addKeyFinish: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { ceremony, approval, credential: response, name, product } = await readJson(request, AddRequest);
  const { user, credentialId } = session;
  const now = context.now();
  const { challenge, approved } = await verifyApproval(context, session, addition(user, name), {
    ceremony,
    approval,
    deed: { purpose: "approve-add" },
  });
  const deed = { purpose: "add-key" } as const;
  const verified = await context.relyingParty.verifyRegistration(response, { challenge, deed, user, product, now });
  const added = await context.store.transaction(async (tables) => {
    await stillLive(tables, session, context.now());
    await recordApproval(tables, approved, now);
    return await addKey(tables, verified, name);
  });
  return { response: Response.json({ credential: toJson(added, credentialId) }), user: user.id };
};

/** POST /v1/credentials/rename. A session is enough: a name gives no access, and a rename can be undone. */
export const renameKey: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { id, name } = await readJson(request, RenameRequest);
  await context.store.transaction(async (tables) => {
    const { user } = await stillLive(tables, session, context.now());
    const outcome = await tables.credentials.rename(user.id, id, name);
    if (outcome === "not_found") throw notFound();
    if (outcome === "name_taken") throw nameTaken(name);
  });
  return { response: Response.json({ id, name }), user: session.user.id };
};

/** POST /v1/credentials/remove/options: begins the removal of a key; any enrolled key can approve it. */
export const removeKeyOptions: Handler = async (request, context) => {
  const { user } = await authorize(request, context);
  const { id, force } = await readJson(request, RemoveOptionsRequest);
  const enrolled = await context.store.credentials.ofUser(user.id);
  if (!enrolled.some((credential) => credential.id === id)) throw notFound();
  if (enrolled.length === 1 && !force) throw lastKey();
  const begun = await beginApproval(context, removal(user, id, force), randomToken(), enrolled);
  return { response: Response.json(begun), user: user.id };
};

/**
 * POST /v1/credentials/remove. Also ends the sessions that the key opened, since a removed key may be lost or stolen.
 * Removing the last key needs `force`.
 */
export const removeKey: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { id, force, ceremony, approval } = await readJson(request, RemoveRequest);
  const { user, credentialId } = session;
  const change = removal(user, id, force);
  const deed = { purpose: "approve-remove", about: id } as const;
  const { approved } = await verifyApproval(context, session, change, { ceremony, approval, deed });
  const sessionsEnded = await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillLive(tables, session, now);
    await recordApproval(tables, approved, now);
    const opened = await tables.sessions.countOpenedBy(id, now);
    const outcome = await tables.credentials.remove(user.id, id, force);
    if (outcome === "not_found") throw notFound();
    if (outcome === "last") throw lastKey();
    return opened;
  });
  return { response: Response.json({ sessionsEnded, thisSession: credentialId === id }), user: user.id };
};

function toJson(credential: Credential, currentId: string): Record<string, unknown> {
  const { id, name, aaguid, product, createdAt, lastUsedAt, transports, backupEligible, backedUp } = credential;
  return {
    id,
    name,
    aaguid,
    product: product ?? null,
    createdAt,
    lastUsedAt: lastUsedAt ?? null,
    transports,
    backupEligible,
    backedUp,
    thisSession: id === currentId,
  };
}

function lastKey(): VouchError {
  return new VouchError("last_credential", "This is your only security key: without it you cannot log in any more.", {
    hint: "Add another with `vouch keys add` first. With `--force` it is removed all the same: then only a new enrolment code lets you in.",
  });
}

/** No oracle: an unknown key and another user's key give the same error. */
function notFound(): VouchError {
  return new VouchError("credential_not_found", "You have no such security key.", {
    hint: "Run `vouch keys list` to see those that you have.",
  });
}
