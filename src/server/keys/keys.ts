/**
 * A user's own security keys, authorised by their session: list, add, rename, remove. Changes also need an assertion of
 * an enrolled key, given for exactly this change of this key: a stolen laptop has the session, but not the key, and who
 * carries the assertion cannot spend it on another key.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { checkNameIsFree, expectRoom, KeyName } from "./added-key.ts";
import { addition, beginApproval, type Change, removal, renaming, takeApproval, verifyApproval } from "./approval.ts";
import { addOwnKey, expectRemovable, ownKey, removeOwnKey, renameOwnKey } from "./changes.ts";
import { abilityAt } from "./marked-keys.ts";
import { approveAdd, approveRemove, approveRename } from "../../fido/webauthn/deed.ts";
import { authorize, type Authorized, stillLive } from "../oauth/authorization.ts";
import { readJson } from "../http/body.ts";
import type { Handler, ServerContext } from "../context.ts";
import { randomToken } from "../random.ts";
import type { Credential } from "../store/people/credentials.ts";
import { AuthenticationResponseSchema, CredentialId, RegistrationResponseSchema } from "../webauthn/webauthn-json.ts";

const CeremonyId = v.pipe(v.string(), v.maxCodePoints(64));
const AddRequest = v.strictObject({
  ceremony: CeremonyId,
  approval: AuthenticationResponseSchema,
  credential: RegistrationResponseSchema,
  name: v.exactOptional(KeyName),
  product: v.exactOptional(KeyName),
});
const Renaming = { id: CredentialId, name: KeyName };
const RenameOptionsRequest = v.strictObject(Renaming);
const RenameRequest = v.strictObject({ ...Renaming, ceremony: CeremonyId, approval: AuthenticationResponseSchema });
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
 * POST /v1/credentials/addition/options: begins the addition of a key that the user has not enrolled yet. Returns the
 * creation options for the new key, and the request options for the enrolled key that approves the addition.
 */
export const addKeyOptions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { user } = session;
  const { name } = await readJson(request, v.strictObject({ name: v.exactOptional(KeyName) }));
  const { store, relyingParty } = context;
  await checkNameIsFree(store, user.id, name);
  const enrolled = await store.credentials.ofUser(user.id);
  expectRoom(enrolled);
  const options = await relyingParty.creationOptions(user, enrolled);
  const { ceremony, approval } = await beginApproval(context, addition(session, name), options.challenge, enrolled);
  return { response: Response.json({ ceremony, approval, options }), user: user.id };
};

/**
 * POST /v1/credentials/addition: verifies the registration, and that the approval was given for the credential that it
 * has, and adds the key.
 */
export const addKeyFinish: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { ceremony, approval, credential: response, name, product } = await readJson(request, AddRequest);
  const { user, credentialId } = session;
  const now = context.now();
  const change = addition(session, name);
  const challenge = await takeApproval(context, change, ceremony);
  const { verified, attested } = await context.relyingParty.verifyRegistration(response, {
    challenge,
    deed: { purpose: "add-key" },
    user,
    product,
    now,
  });
  const deed = approveAdd(attested, name, product);
  const approved = await verifyApproval(context, change, { challenge, approval, deed });
  const added = await context.store.transaction(async (tables) => {
    await stillLive(tables, session, context.now());
    return await addOwnKey(tables, { user, address: context.caller.address, approved, now }, verified, name);
  });
  return { response: Response.json({ credential: toJson(added, credentialId) }), user: user.id };
};

/** POST /v1/credentials/renaming/options: begins the renaming of a key; any enrolled key can approve it. */
export const renameKeyOptions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { user } = session;
  const { id, name } = await readJson(request, RenameOptionsRequest);
  await ownKey(context.store, user.id, id);
  await checkNameIsFree(context.store, user.id, name, id);
  return { response: Response.json(await beginChange(context, renaming(session, id, name))), user: user.id };
};

/** POST /v1/credentials/renaming. People remove keys by name: a session alone renames none. */
export const renameKey: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { id, name, ceremony, approval } = await readJson(request, RenameRequest);
  const { user } = session;
  const change = renaming(session, id, name);
  const challenge = await takeApproval(context, change, ceremony);
  const before = await keyToChange(context, session, id);
  const deed = approveRename(id, before.name, name);
  const approved = await verifyApproval(context, change, { challenge, approval, deed });
  await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillLive(tables, session, now);
    await renameOwnKey(tables, { user, address: context.caller.address, approved, now }, before, name);
  });
  return { response: Response.json({ id, name }), user: user.id };
};

/** POST /v1/credentials/removal/options: begins the removal of a key; any enrolled key can approve it. */
export const removeKeyOptions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { user } = session;
  const { id, force } = await readJson(request, RemoveOptionsRequest);
  await ownKey(context.store, user.id, id);
  await expectRemovable(context.store, user, id, { force, ability: abilityAt(context) });
  return { response: Response.json(await beginChange(context, removal(session, id, force))), user: user.id };
};

/**
 * POST /v1/credentials/removal. Also ends the sessions that the key opened, since a removed key may be lost or stolen.
 * Removing the last key needs `force`.
 */
export const removeKey: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { id, force, ceremony, approval } = await readJson(request, RemoveRequest);
  const { user, credentialId } = session;
  const change = removal(session, id, force);
  const challenge = await takeApproval(context, change, ceremony);
  const before = await keyToChange(context, session, id);
  const deed = approveRemove(id, before.name, force);
  const approved = await verifyApproval(context, change, { challenge, approval, deed });
  const sessionsEnded = await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillLive(tables, session, now);
    return await removeOwnKey(tables, { user, address: context.caller.address, approved, now }, before, {
      force,
      ability: abilityAt(context),
    });
  });
  return { response: Response.json({ sessionsEnded, thisSession: credentialId === id }), user: user.id };
};

/**
 * The paths of clients whose touch does not say which key it is for: refused at the beginning, before anything is
 * touched.
 */
export const outdatedChange: Handler = async (request, context) => {
  await authorize(request, context);
  throw new VouchError("enrollment_denied", "This vouch is older than the Vouch server, which changes no key by it.", {
    hint: "Update vouch, and run `vouch login`, which replaces an older agent.",
  });
};

/** Begins the change of a key that is there. */
async function beginChange(context: ServerContext, change: Change): Promise<object> {
  return beginApproval(context, change, randomToken(), await context.store.credentials.ofUser(change.userId));
}

/** The key as it is now: a session that has ended is reported first. Throws `credential_not_found`, and as `authorize`. */
async function keyToChange({ store, now }: ServerContext, session: Authorized, id: string): Promise<Credential> {
  const { user } = await stillLive(store, session, now());
  return ownKey(store, user.id, id);
}

function toJson(credential: Credential, currentId: string): Record<string, unknown> {
  const { id, name, aaguid, product, createdAt, lastUsedAt, transports, backupEligible, backedUp, builtIn, proof } =
    credential;
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
    builtIn,
    proof: proof === undefined ? null : { by: proof.by, model: proof.model },
    thisSession: id === currentId,
  };
}
