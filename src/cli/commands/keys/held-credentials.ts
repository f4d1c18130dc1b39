/** The credentials of Vouch on a key, and whether their servers still know them. */
import { askStatus } from "../../../agent/wire/client.ts";
import type { SecurityKey } from "../../../agent/wire/reply-parts.ts";
import { VouchError } from "../../../base/errors.ts";
import type { StoredCredential } from "../../../fido/ctap2/credential-management.ts";
import type { StoredCredentials } from "../../../fido/management/stored-credentials.ts";
import { profileServers } from "../../../settings/servers.ts";
import type { Settings } from "../../../settings/settings.ts";
import { accountOf, idOf } from "../../key/credential-choice.ts";
import { table } from "../../../base/words/table.ts";
import { listKeys } from "./own-keys.ts";

/** What a server says of the person's keys; undefined where there is no session, or no answer. */
export type Enrolments = ReadonlyMap<string, { user: string; keys: readonly SecurityKey[] } | undefined>;

/** Whether the server still knows a credential. */
export type Enrolment =
  | { state: "enrolled"; name: string }
  | { state: "gone" }
  | { state: "unknown"; why: "no_session" | "other_account" };

export interface HeldCredential {
  /** Base64url. */
  id: string;
  /** URL of the server. */
  server: string;
  rpId: string;
  credential: StoredCredential;
  enrolment: Enrolment;
}

/** The servers (URLs) that the settings know, the default one first. */
export function knownServers(settings: Settings): string[] {
  const urls = [
    settings.server?.url,
    ...(settings.servers ?? []).map(({ url }) => url),
    ...profileServers(settings).keys(),
  ];
  return [...new Set(urls.filter((url) => url !== undefined))];
}

/** Asks each server for the person's keys; one that cannot be asked is left open. Throws `agent_untrusted`. */
export async function askEnrolments(servers: readonly string[], settings: Settings): Promise<Enrolments> {
  const status = await askStatus();
  const asked = servers.map(async (server) => {
    const session = status?.sessions?.find((each) => each.server === server && each.expiration !== undefined);
    if (session?.user === undefined) return [server, undefined] as const;
    const at = server === settings.server?.url ? {} : { server };
    const keys = await listKeys(at).catch((error: unknown) => {
      if (!(error instanceof VouchError)) throw error;
      return undefined;
    });
    return [server, keys && { user: session.user, keys }] as const;
  });
  return new Map(await Promise.all(asked));
}

/** Reads the servers' credentials from the key, each relying party's once. Throws as `StoredCredentials.list`. */
export async function listHeld(
  stored: StoredCredentials,
  servers: readonly string[],
  enrolments: Enrolments,
): Promise<HeldCredential[]> {
  const held: HeldCredential[] = [];
  for (const [rpId, urls] of Map.groupBy(servers, (server) => new URL(server).hostname)) {
    for (const credential of await stored.list(rpId)) {
      const id = idOf(credential);
      const { server, enrolment } = enrolmentOf(id, credential, urls, enrolments);
      held.push({ id, server, rpId, credential, enrolment });
    }
  }
  return held;
}

/** Servers of one host share a relying party: the one that knows the credential is its server. */
function enrolmentOf(
  id: string,
  { user }: StoredCredential,
  urls: readonly string[],
  enrolments: Enrolments,
): { server: string; enrolment: Enrolment } {
  for (const server of urls) {
    const key = enrolments.get(server)?.keys.find((each) => each.id === id);
    if (key !== undefined) return { server, enrolment: { state: "enrolled", name: key.name } };
  }
  const server = urls[0]!;
  const asked = urls.map((url) => enrolments.get(url));
  if (asked.includes(undefined)) return { server, enrolment: { state: "unknown", why: "no_session" } };
  const isOwn = asked.every((answer) => answer?.user === user.name);
  return { server, enrolment: isOwn ? { state: "gone" } : { state: "unknown", why: "other_account" } };
}

/** What a person is told of the enrolment. */
export function enrolmentText(enrolment: Enrolment): string {
  switch (enrolment.state) {
    case "enrolled":
      return `enrolled there as "${enrolment.name}"`;
    case "gone":
      return "not enrolled there any more";
    case "unknown":
      return enrolment.why === "no_session"
        ? "may still be enrolled: log in there to see"
        : "may still be enrolled: another account";
  }
}

/** Returns the numbered lines of the list. */
export function heldLines(held: readonly HeldCredential[]): string[] {
  if (held.length === 0) return [];
  const rows = held.map(({ id, server, credential, enrolment }, index) => [
    `${index + 1}`,
    accountOf(credential),
    server,
    id.slice(0, 8),
    enrolmentText(enrolment),
  ]);
  return table(rows).map((line) => `  ${line}`);
}

/** Returns the entry of one credential in the JSON. */
export function heldJson({ id, server, rpId, credential, enrolment }: HeldCredential): unknown {
  const { id: userId, name, displayName } = credential.user;
  return {
    id,
    server,
    rpId,
    user: { id: Buffer.from(userId).toString("base64url"), name: name ?? null, displayName: displayName ?? null },
    enrolled: enrolment.state === "unknown" ? null : enrolment.state === "enrolled",
    name: enrolment.state === "enrolled" ? enrolment.name : null,
  };
}
