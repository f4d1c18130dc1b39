/** All refresh tokens of the identity provider that a database has, when the key-encryption key changes or is lost. */
import type { KeyProtector } from "../../signing/protection.ts";
import type { KeptRefreshToken } from "../../store/people/identities.ts";
import type { Store } from "../../store/store.ts";
import { decryptRefreshToken, encryptRefreshToken, kekOf } from "./refresh-token.ts";

/** Refresh tokens that are encrypted at the same time: KMS is asked about each. */
const atOnce = 20;

/**
 * Encrypts the refresh tokens under `to` that are under `from`. Returns how many, and how many are left: of which neither is
 * the key, and those that a running server uses or replaces just now. `server` is its URL. Throws as the protectors; what
 * was done stays.
 */
export async function encryptRefreshTokens(
  store: Store,
  server: string,
  { from, to }: { from: KeyProtector | undefined; to: KeyProtector },
): Promise<{ encrypted: number; left: number }> {
  const done = { encrypted: 0, left: 0 };
  for await (const page of pages(store)) {
    const others = page.filter(({ refreshToken }) => kekOf(refreshToken) !== to.kek);
    const readable = others.filter(({ refreshToken }) => from !== undefined && kekOf(refreshToken) === from.kek);
    done.left += others.length - readable.length;
    for (let begin = 0; begin < readable.length; begin += atOnce) {
      const encrypted = await Promise.all(
        readable.slice(begin, begin + atOnce).map(async (kept) => {
          const owner = { server, issuer: kept.issuer, subject: kept.subject };
          const token = await decryptRefreshToken(kept.refreshToken, owner, from!);
          return { kept, next: await encryptRefreshToken(token, owner, to) };
        }),
      );
      const replaced = await store.transaction(async ({ identities }) => {
        let count = 0;
        for (const { kept, next } of encrypted) if (await identities.reencrypt(kept, next, store.now())) count++;
        return count;
      });
      done.encrypted += replaced;
      done.left += encrypted.length - replaced;
    }
  }
  return done;
}

/** Drops the refresh tokens that are not under the key-encryption key `protector`. Returns how many. */
export async function dropRefreshTokens(store: Store, protector: KeyProtector | undefined): Promise<number> {
  let dropped = 0;
  for await (const page of pages(store)) {
    const lost = page.filter(({ refreshToken }) => protector === undefined || kekOf(refreshToken) !== protector.kek);
    await store.transaction(async ({ identities }) => {
      for (const kept of lost) await identities.release(kept, undefined);
    });
    dropped += lost.length;
  }
  return dropped;
}

async function* pages({ identities }: Store): AsyncGenerator<KeptRefreshToken[]> {
  for (let page = await identities.refreshTokens(); page.length > 0;) {
    const last = page.at(-1)!;
    yield page;
    page = await identities.refreshTokens(last);
  }
}
