/** Stores a verified security key for its user, under a name that is unique among the user's keys. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { describeKey } from "../../fido/webauthn/authenticator-model.ts";
import { keyNameRule, normalizeKeyName, numberKeyName } from "../../fido/webauthn/key-name.ts";
import type { Credential, RegisteredCredential } from "../store/people/credentials.ts";
import type { Transaction } from "../store/store.ts";

/**
 * Schema of a key's name (chosen by the user) and product name (from its USB descriptor): 1 to 64 visible characters.
 */
export const KeyName = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const name = normalizeKeyName(dataset.value);
    if (name !== undefined) return name;
    addIssue({ expected: keyNameRule });
    return NEVER;
  }),
);

/**
 * Checks the name before the ceremony, so that a taken one costs no touch; the key `of` may have it. Throws
 * `name_taken`.
 */
export async function checkNameIsFree(
  { credentials }: Transaction,
  userId: string,
  name: string | undefined,
  of?: string,
): Promise<void> {
  const taken = (await credentials.ofUser(userId)).some((each) => each.name === name && each.id !== of);
  if (name !== undefined && taken) throw nameTaken(name);
}

/** Security keys of one person: each is in every list of theirs, and in the options of each ceremony. */
const maxKeys = 100;

/** Checks, among the keys that the user has, that there is room for another. Throws `enrollment_denied`. */
export function expectRoom(enrolled: readonly Credential[]): void {
  if (enrolled.length < maxKeys) return;
  throw new VouchError("enrollment_denied", `You have ${enrolled.length} security keys; nobody can have more.`, {
    hint: "Remove those that you no longer use: `vouch keys remove NAME`.",
  });
}

/**
 * Adds the key, in the same transaction as the authorisation check. Its name is the given one, else its model's, with a
 * number if taken. Returns the key with its name. Throws `credential_excluded`, `name_taken`, `enrollment_denied`.
 */
export async function addKey(
  { credentials }: Transaction,
  verified: Omit<RegisteredCredential, "name">,
  given: string | undefined,
): Promise<Credential> {
  const enrolled = await credentials.ofUser(verified.userId);
  expectRoom(enrolled);
  const taken = enrolled.map(({ name }) => name);
  const name = given ?? numberKeyName(describeKey(verified.aaguid, verified.product), taken);
  const credential = { ...verified, name };
  const outcome = await credentials.add(credential);
  if (outcome === "added") return credential;
  if (outcome === "name_taken") throw nameTaken(name);
  throw new VouchError("credential_excluded", "This security key is enrolled already.", {
    hint: "Run `vouch login`.",
  });
}

/** The error for a name that another key of the user has. */
export function nameTaken(name: string): VouchError {
  return new VouchError("name_taken", `Another of your security keys is called "${name}".`, {
    hint: "Choose another name; `vouch keys list` shows those that are taken.",
  });
}
