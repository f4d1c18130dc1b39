/** The live sessions of a person, as the API and the administrators' pages list them. */
import type { Transaction } from "../store/store.ts";

export interface LiveSession {
  /** Of a browser at the pages, or of a client of the API (`vouch login`). */
  kind: "page" | "client";
  /** Seconds since 1970. */
  createdAt: number;
  expiresAt: number;
  /** The name of the key that opened it; undefined for single sign-on. */
  key: string | undefined;
  /** What the client called its machine: a claim. */
  client: string | undefined;
}

/** Sessions of the pages (100 at most), then those of clients (500 at most), each the newest first. */
export async function liveSessions(
  { pageSessions, sessions }: Pick<Transaction, "pageSessions" | "sessions">,
  userId: string,
  now: number,
): Promise<LiveSession[]> {
  const pages = await pageSessions.ofUser(userId, now);
  const clients = await sessions.ofUser(userId, now);
  return [
    ...pages.map(({ createdAt, expiresAt, keyName }) => {
      return { kind: "page" as const, createdAt, expiresAt, key: keyName, client: undefined };
    }),
    ...clients.toReversed().map(({ createdAt, expiresAt, keyName, client }) => {
      return { kind: "client" as const, createdAt, expiresAt, key: keyName, client };
    }),
  ];
}
