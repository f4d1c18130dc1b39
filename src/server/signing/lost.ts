/** Signing keys that nobody can use any longer: their key-encryption key, or their key in KMS, is lost. */
import { VouchError } from "../../base/errors.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store } from "../store/store.ts";
import { statusesAt } from "./life-cycle.ts";
import { type KeyProtector, levelOfKey } from "./protection.ts";
import { keyMade } from "./rotation.ts";
import { type KeyMaker, openSigner } from "./signing-key.ts";

/**
 * Removes every signing key and adds one that signs at once; `protector` is the key-encryption key of the new one. `time`:
 * the database's, in seconds since 1970. Throws `edit_conflict` if a key can be used, or they changed meanwhile, `usage`
 * if the new one would lie open where the lost ones were protected, as the maker, and AWS's error unless KMS says that a
 * key there is gone: who may not ask, or has no credentials, knows nothing about it.
 */
export async function replaceLost(
  store: Store,
  { issuer, protector, time }: { issuer: string; protector: KeyProtector | undefined; time: number },
  maker: KeyMaker,
): Promise<{ key: SigningKey; lost: SigningKey[] }> {
  const lost = await store.signingKeys.all();
  for (const { key, state } of statusesAt(lost, time)) {
    if (state !== "signing" && state !== "published") continue;
    if (await isUsable(key, issuer, protector)) {
      throw new VouchError("edit_conflict", `The signing key ${key.kid} is not lost: it can be used.`, {
        hint: "Change it with `vouch server signing-keys rotate`, in an emergency with --now.",
      });
    }
  }
  const wasProtected = lost.some((key) => levelOfKey(key) !== "clear");
  if (wasProtected && maker.level === "clear") {
    throw new VouchError("usage", "The lost keys were protected, and the new one would lie in clear text.", {
      hint: "Give a new key-encryption key: `openssl rand -base64 32` makes one, --key-encryption-key names its place.",
    });
  }
  const made = await maker.make();
  const key = { ...made, publishedAt: time, signsFrom: time };
  await store.transaction(async ({ signingKeys, record }) => {
    const kids = (keys: SigningKey[]) => keys.map(({ kid, protection }) => `${kid} ${protection}`).join("\n");
    if (kids(await signingKeys.all()) !== kids(lost)) {
      throw new VouchError("edit_conflict", "The signing keys changed meanwhile; nothing was replaced.", {
        hint: "Run the command again.",
      });
    }
    for (const { kid } of lost) {
      await signingKeys.remove(kid);
      await record({ event: "signing_key_retired", detail: { kid, was: "lost" } });
    }
    await signingKeys.add(key);
    await record(keyMade(key, true));
    await signingKeys.shutOutOlderPrograms();
  });
  return { key, lost };
}

async function isUsable(key: SigningKey, issuer: string, protector: KeyProtector | undefined): Promise<boolean> {
  try {
    await openSigner(key, issuer, protector);
    return true;
  } catch (error) {
    if (await isLost(key, error)) return false;
    throw error;
  }
}

/** Whether the error of `openSigner` says that the key is lost, and not only that it was not found out. */
async function isLost(key: SigningKey, error: unknown): Promise<boolean> {
  if (!(error instanceof VouchError)) return false;
  if (error.code.startsWith("settings_") && levelOfKey(key) !== "kms") return true;
  // Imported lazily: most servers do not use KMS.
  const { isGone } = await import("../../aws/kms.ts");
  return isGone(error);
}
