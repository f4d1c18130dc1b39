import { printable } from "../../printable.ts";
import { describeKey } from "../../webauthn/authenticator-model.ts";
import type { UserSummary } from "../store/accounts.ts";
import type { Credential } from "../store/credentials.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";

export const users = defineServerCommand({
  meta: { name: "users", description: "List people, their security keys and how many sessions they have." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const { all, keys } = await withStore(args.database, false, async ({ accounts, credentials }) => ({
      all: await accounts.users(currentTime()),
      keys: await credentials.all(),
    }));
    const keysOf = ({ id }: UserSummary) => keys.filter(({ userId }) => userId === id);
    if (args.json) {
      printJson(all.map((user) => toJson(user, keysOf(user))));
    } else if (all.length === 0) {
      print("Nobody has been invited yet: vouch server invite EMAIL");
    } else {
      for (const user of all) print(toText(user, keysOf(user)));
    }
  },
});

function toJson(user: UserSummary, credentials: Credential[]): unknown {
  return {
    id: user.id,
    email: user.email,
    createdAt: user.createdAt,
    disabled: user.disabled,
    sessions: user.sessions,
    inviteExpiresAt: user.inviteExpiresAt,
    credentials: credentials.map(({ id, name, aaguid, product, backedUp, createdAt, lastUsedAt }) => ({
      id,
      name,
      model: describeKey(aaguid, product),
      // No vendor's root is known to the server: the model is what the key, or a program, says of itself.
      modelAttested: false,
      aaguid,
      backedUp,
      createdAt,
      lastUsedAt,
    })),
  };
}

function toText(user: UserSummary, credentials: Credential[]): string {
  const open = user.inviteExpiresAt === undefined ? "" : `, invited until ${date(user.inviteExpiresAt)}`;
  const lines = credentials.map(
    ({ id, name, aaguid, product, createdAt, lastUsedAt }) =>
      `   ${printable(name)} ${id.slice(0, 12)}…  claims to be: ${printable(describeKey(aaguid, product))}, enrolled ${date(createdAt)}, ${
        lastUsedAt === undefined ? "never used" : `last used ${date(lastUsedAt)}`
      }`,
  );
  const disabled = user.disabled ? "DISABLED; " : "";
  return [`${printable(user.email)}  (${disabled}sub ${user.id}; sessions: ${user.sessions}${open})`, ...lines].join(
    "\n",
  );
}

function date(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/:\d\d\.\d+Z$/, " UTC");
}
