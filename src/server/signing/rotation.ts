/** Changes of signing keys. Each is one transaction, so that of several replicas one makes it. */
import { VouchError } from "../../base/errors.ts";
import type { Fact } from "../audit/entry.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store, Transaction } from "../store/store.ts";
import { type KeyStatus, publishedSeconds, statusesAt } from "./life-cycle.ts";
import { checkLevel, levelOfKey, parseProtection } from "./protection.ts";
import type { KeyMaker } from "./signing-key.ts";

export interface Rotation {
  /** The new key. */
  key: SigningKey;
  /** The key that signs until then. */
  previous: SigningKey;
  /** Keys that were waiting to sign, and were removed. */
  withdrawn: SigningKey[];
}

/**
 * Makes a key that is published for a day before it signs; with `immediately` it signs from `time` on, and replaces those
 * that were waiting. `time`: the database's, in seconds since 1970. Throws `edit_conflict` if one is waiting, or the
 * maker's key is there already, `settings_missing` before `vouch server init`, and as `checkLevel` and the maker.
 */
export async function rotate(
  store: Store,
  time: number,
  maker: KeyMaker,
  { immediately = false } = {},
): Promise<Rotation> {
  const allowed = async (tables: Pick<Transaction, "signingKeys">) => {
    const { signing, published } = await lookUp(tables, time);
    checkLevel([signing, ...published.map(({ key }) => key)].map(levelOfKey), maker.level);
    if (published[0] && !immediately) {
      throw new VouchError("edit_conflict", `The key ${published[0].key.kid} is waiting to sign already.`, {
        hint: "Wait until it signs (`vouch server signing-keys list`); in an emergency `rotate --now` replaces it.",
      });
    }
    return { signing, published };
  };
  await allowed(store);
  const made = await maker.make();
  return await store.transaction(async (tables) => {
    const { signing, published } = await allowed(tables);
    for (const { key } of published) {
      await tables.signingKeys.remove(key.kid);
      await tables.record({ event: "signing_key_retired", detail: { kid: key.kid, was: "published" } });
    }
    const signsFrom = immediately ? time : time + publishedSeconds;
    const present = (await tables.signingKeys.all()).some(({ kid }) => kid === made.kid);
    if (present) {
      throw new VouchError("edit_conflict", `The key ${made.kid} is one of the signing keys already.`, {
        hint: "Give another key: `vouch server signing-keys list` shows those that there are.",
      });
    }
    // The later one signs: also in the second in which the present one began, and with a clock that went back.
    if (signing.signsFrom >= signsFrom) await tables.signingKeys.setSignsFrom(signing.kid, signsFrom - 1);
    const key = { ...made, publishedAt: time, signsFrom };
    await tables.signingKeys.add(key);
    await tables.signingKeys.shutOutOlderPrograms();
    await tables.record(keyMade(key, immediately));
    return { key, previous: signing, withdrawn: published.map((each) => each.key) };
  });
}

/**
 * Whether the next key must be published now, so that the newest one signs for `everySeconds`. After one in KMS none is
 * due: only an administrator makes another there.
 */
export function isRotationDue(keys: readonly SigningKey[], time: number, everySeconds: number): boolean {
  const newest = keys.reduce((one, other) => (other.signsFrom > one.signsFrom ? other : one));
  if (parseProtection(newest.protection, newest.kid)?.by === "aws-kms-key") return false;
  return newest.signsFrom + everySeconds - publishedSeconds <= time;
}

/** Makes the next key if it is due; undefined if it is not, or another replica has made it. Throws as `rotate`. */
export async function rotateIfDue(
  store: Store,
  time: number,
  everySeconds: number,
  maker: KeyMaker,
): Promise<SigningKey | undefined> {
  const isDue = async ({ signingKeys }: Pick<Transaction, "signingKeys">) => {
    const keys = await signingKeys.all();
    if (keys.length === 0 || !isRotationDue(keys, time, everySeconds)) return false;
    const live = statusesAt(keys, time).filter(({ state }) => state === "signing" || state === "published");
    checkLevel(
      live.map(({ key }) => levelOfKey(key)),
      maker.level,
    );
    return true;
  };
  if (!(await isDue(store))) return undefined;
  const made = await maker.make();
  return await store.transaction(async (tables) => {
    if (!(await isDue(tables))) return undefined;
    const key = { ...made, publishedAt: time, signsFrom: time + publishedSeconds };
    await tables.signingKeys.add(key);
    await tables.signingKeys.shutOutOlderPrograms();
    await tables.record(keyMade(key, false));
    return key;
  });
}

/**
 * Removes the key: one that was waiting has signed nothing; one that is retired leaves the JWKS at once, only with
 * `immediately`, and its tokens are refused from then on. Returns its state before. Throws `signing_key_not_found`,
 * `edit_conflict` (it signs; or it is retired already).
 */
export async function retire(
  store: Store,
  kid: string,
  time: number,
  { immediately = false } = {},
): Promise<KeyStatus<SigningKey>> {
  return await store.transaction(async (tables) => {
    const found = statusesAt(await tables.signingKeys.all(), time).find(({ key }) => key.kid === kid);
    if (!found) {
      throw new VouchError("signing_key_not_found", `There is no signing key ${JSON.stringify(kid.slice(0, 64))}.`, {
        hint: "`vouch server signing-keys list` shows them.",
      });
    }
    if (found.state === "signing") {
      throw new VouchError("edit_conflict", `The key ${kid} is the one that signs.`, {
        hint: "Make the next one first: `vouch server signing-keys rotate`, in an emergency with --now.",
      });
    }
    if (found.state === "retired" && !immediately) {
      throw new VouchError(
        "edit_conflict",
        `The key ${kid} is retired, and leaves the JWKS when its tokens have ended.`,
        {
          hint: "With --now it leaves at once, and whoever has a token that it signed must get another.",
        },
      );
    }
    await tables.signingKeys.remove(kid);
    await tables.signingKeys.shutOutOlderPrograms();
    await tables.record({ event: "signing_key_retired", detail: { kid, was: found.state } });
    return found;
  });
}

/** Removes the retired keys whose tokens have ended; returns them. */
export async function removeGone(store: Store, time: number): Promise<SigningKey[]> {
  return await store.transaction(async (tables) => {
    const all = statusesAt(await tables.signingKeys.all(), time);
    const gone = all.filter(({ state }) => state === "gone").map(({ key }) => key);
    for (const { kid } of gone) {
      await tables.signingKeys.remove(kid);
      await tables.record({ event: "signing_key_retired", detail: { kid, was: "gone" } });
    }
    return gone;
  });
}

/** What the audit log has of a new key. */
export function keyMade({ kid, signsFrom, protection }: SigningKey, isEmergency: boolean): Fact {
  const by = parseProtection(protection, kid)?.by ?? "clear text";
  return { event: "signing_key_made", detail: { kid, signsFrom, protection: by, isEmergency } };
}

async function lookUp(
  { signingKeys }: Pick<Transaction, "signingKeys">,
  time: number,
): Promise<{ signing: SigningKey; published: KeyStatus<SigningKey>[] }> {
  const all = statusesAt(await signingKeys.all(), time);
  const signing = all.find(({ state }) => state === "signing")?.key;
  if (!signing) {
    throw new VouchError("settings_missing", "The database has no signing key.", {
      hint: "Run `vouch server init --url https://YOUR-HOST` first.",
    });
  }
  return { signing, published: all.filter(({ state }) => state === "published") };
}
