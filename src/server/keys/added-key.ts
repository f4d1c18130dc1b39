/** Adding a verified security key to its user, under a name that no other key of the user has. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { describeKey } from "../../fido/webauthn/authenticator-model.ts";
import { keyNameRule, normalizeKeyName, numberKeyName } from "../../fido/webauthn/key-name.ts";
import type { Credential } from "../store/credentials.ts";
import type { Transaction } from "../store/store.ts";

/** What the user calls a key, and what its maker calls it; 1 to 64 visible characters. */
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

/** Refuses, before the key is asked for, a name that could not be given to it. Throws `name_taken`. */
export async function checkNameIsFree(
  { credentials }: Transaction,
  userId: string,
  name: string | undefined,
): Promise<void> {
  const taken = (await credentials.ofUser(userId)).some((credential) => credential.name === name);
  if (name !== undefined && taken) throw nameTaken(name);
}

/**
 * Adds the key, within the transaction that has checked who may: by the name given, else by that of its model, numbered
 * when taken. Returns it with its name. Throws `credential_excluded`, `name_taken`.
 */
export async function addKey(
  { credentials }: Transaction,
  verified: Omit<Credential, "name">,
  given: string | undefined,
): Promise<Credential> {
  const taken = (await credentials.ofUser(verified.userId)).map(({ name }) => name);
  const name = given ?? numberKeyName(describeKey(verified.aaguid, verified.product), taken);
  const credential = { ...verified, name };
  const outcome = await credentials.add(credential);
  if (outcome === "added") return credential;
  if (outcome === "name_taken") throw nameTaken(name);
  throw new VouchError("credential_excluded", "This security key is enrolled already.", {
    hint: "Run `vouch login`.",
  });
}

/** The refusal of a name that another key of the user has. */
export function nameTaken(name: string): VouchError {
  return new VouchError("name_taken", `Another of your security keys is called "${name}".`, {
    hint: "Choose another name; `vouch keys list` shows those that are taken.",
  });
}
