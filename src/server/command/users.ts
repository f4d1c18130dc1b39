import { describeKey } from "../../webauthn/authenticator-model.ts";
import type { UserSummary } from "../store/accounts.ts";
import type { Credential } from "../store/credentials.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";

export const users = defineServerCommand({
  meta: { name: "users", description: "List people, their security keys and how many sessions they have." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const all = await withStore(args.database, false, async ({ accounts, credentials }) => {
      const keys = await credentials.all();
      const users = await accounts.users(currentTime());
      return users.map((user) => ({ ...user, credentials: keys.filter(({ userId }) => userId === user.id) }));
    });
    if (args.json) {
      print(JSON.stringify(all.map(toJson)));
    } else if (all.length === 0) {
      print("Nobody has been invited yet: vouch server invite EMAIL");
    } else {
      print(all.map(toText).join("\n"));
    }
  },
});

type UserWithKeys = UserSummary & { credentials: Credential[] };

function toJson(user: UserWithKeys): unknown {
  return {
    id: user.id,
    email: user.email,
    createdAt: user.createdAt,
    sessions: user.sessions,
    inviteExpiresAt: user.inviteExpiresAt,
    credentials: user.credentials.map(({ id, name, aaguid, product, backedUp, createdAt, lastUsedAt }) => ({
      id,
      name,
      model: describeKey(aaguid, product),
      aaguid,
      backedUp,
      createdAt,
      lastUsedAt,
    })),
  };
}

function toText(user: UserWithKeys): string {
  const open = user.inviteExpiresAt === undefined ? "" : `, invited until ${date(user.inviteExpiresAt)}`;
  const lines = user.credentials.map(
    ({ id, name, createdAt, lastUsedAt }) =>
      `   ${name} ${id.slice(0, 12)}…  enrolled ${date(createdAt)}, ${
        lastUsedAt === undefined ? "never used" : `last used ${date(lastUsedAt)}`
      }`,
  );
  return [`${user.email}  (sub ${user.id}; sessions: ${user.sessions}${open})`, ...lines].join("\n");
}

function date(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/:\d\d\.\d+Z$/, " UTC");
}
