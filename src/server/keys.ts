/** A person's own security keys, in the name of their session: list, add, rename, remove. */
import * as v from "valibot";
import { VouchError } from "../errors.ts";
import { addKey, checkNameIsFree, KeyName, nameTaken } from "./added-key.ts";
import { authorize } from "./authorization.ts";
import { readJson } from "./body.ts";
import type { Handler } from "./context.ts";
import { randomToken } from "./random.ts";
import { ceremonySeconds } from "./relying-party.ts";
import type { Credential } from "./store/credentials.ts";
import { CredentialId, RegistrationResponseSchema } from "./webauthn-json.ts";

const AddRequest = v.strictObject({
  ceremony: v.pipe(v.string(), v.maxLength(64)),
  credential: RegistrationResponseSchema,
  name: v.exactOptional(KeyName),
  product: v.exactOptional(KeyName),
});
const RenameRequest = v.strictObject({ id: CredentialId, name: KeyName });
const RemoveRequest = v.strictObject({ id: CredentialId, force: v.optional(v.boolean(), false) });

/** GET /v1/credentials: the keys in the order in which they were enrolled. */
export const listKeys: Handler = async (request, context) => {
  const { user, credentialId } = await authorize(request, context);
  const credentials = await context.store.credentials.ofUser(user.id);
  return {
    response: Response.json({ credentials: credentials.map((key) => toJson(key, credentialId)) }),
    user: user.id,
  };
};

/** POST /v1/credentials/add/options: begins the addition of a key that the user has not enrolled yet. */
export const addKeyOptions: Handler = async (request, context) => {
  const { user } = await authorize(request, context);
  const { name } = await readJson(request, v.strictObject({ name: v.exactOptional(KeyName) }));
  const { store, relyingParty } = context;
  await checkNameIsFree(store, user.id, name);
  const options = await relyingParty.creationOptions(user, await store.credentials.ofUser(user.id));
  const ceremony = randomToken();
  await store.ceremonies.add({
    id: ceremony,
    type: "addition",
    challenge: options.challenge,
    userId: user.id,
    expiresAt: context.now() + ceremonySeconds,
  });
  return { response: Response.json({ ceremony, options }), user: user.id };
};

/** POST /v1/credentials/add: finishes it. */
export const addKeyFinish: Handler = async (request, context) => {
  const { user, credentialId } = await authorize(request, context);
  const { ceremony: id, credential: response, name, product } = await readJson(request, AddRequest);
  const { store, relyingParty } = context;
  const now = context.now();
  const ceremony = await store.ceremonies.take(id, "addition");
  if (!ceremony || ceremony.expiresAt <= now || ceremony.userId !== user.id) {
    throw new VouchError("enrollment_denied", "The addition took longer than five minutes or was finished before.", {
      hint: "Run `vouch keys add` again.",
    });
  }
  const verified = await relyingParty.verifyRegistration(response, {
    challenge: ceremony.challenge,
    user,
    product,
    now,
  });
  const added = await addKey(store, verified, name);
  return { response: Response.json({ credential: toJson(added, credentialId) }), user: user.id };
};

/** POST /v1/credentials/rename. */
export const renameKey: Handler = async (request, context) => {
  const { user } = await authorize(request, context);
  const { id, name } = await readJson(request, RenameRequest);
  const outcome = await context.store.credentials.rename(user.id, id, name);
  if (outcome === "not_found") throw notFound();
  if (outcome === "name_taken") throw nameTaken(name);
  return { response: Response.json({ id, name }), user: user.id };
};

/**
 * POST /v1/credentials/remove. The sessions that the key opened end with it: a lost or stolen key is why one is removed.
 * The last key needs `force`.
 */
export const removeKey: Handler = async (request, context) => {
  const { user, credentialId } = await authorize(request, context);
  const { id, force } = await readJson(request, RemoveRequest);
  const { credentials, sessions } = context.store;
  const now = context.now();
  const opened = await sessions.countOpenedBy(id, now);
  const outcome = await credentials.remove(user.id, id, force);
  if (outcome === "not_found") throw notFound();
  if (outcome === "last") {
    throw new VouchError("last_credential", "This is your only security key: without it you cannot log in any more.", {
      hint: "Add another with `vouch keys add` first. With `--force` it is removed all the same: then only a new enrolment code lets you in.",
    });
  }
  // The removed key may have opened these.
  const ofUnknownOrigin = await sessions.revokeOfUnknownOrigin(user.id, now);
  const thisSession = credentialId === undefined || credentialId === id;
  return { response: Response.json({ sessionsEnded: opened + ofUnknownOrigin, thisSession }), user: user.id };
};

function toJson(credential: Credential, currentId: string | undefined): Record<string, unknown> {
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

/** The same for a key of somebody else: who it belongs to is nobody's business. */
function notFound(): VouchError {
  return new VouchError("credential_not_found", "You have no such security key.", {
    hint: "Run `vouch keys list` to see those that you have.",
  });
}
