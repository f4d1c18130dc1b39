import { printable } from "../../base/printable.ts";
import { date } from "./date.ts";
import { describeKey } from "../../fido/webauthn/authenticator-model.ts";
import { VouchError } from "../../base/errors.ts";
import type { UserSummary } from "../store/accounts.ts";
import type { Credential } from "../store/credentials.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";

export const users = defineServerCommand({
  meta: { name: "users", description: "List people, their security keys and how many sessions they have." },
  teaching: {
    details: ["In the order of their emails. --limit and --after walk through a long list page by page."],
    examples: [["vouch server users --limit 50 --after dev@example.com", "The next 50 after dev@example.com."]],
  },
  args: {
    ...databaseArg,
    limit: { type: "string", description: "List at most so many.", valueHint: "N" },
    after: { type: "string", description: "Begin after this email.", valueHint: "EMAIL" },
    json: { type: "boolean", description: "Print one JSON array." },
  },
  async run({ args }) {
    const page = { after: args.after?.toLowerCase() ?? "", limit: parseLimit(args.limit) };
    const { all, keys } = await withStore(args, false, async ({ accounts, credentials }) => {
      const found = await accounts.users(currentTime(), page);
      const ownKeys =
        page.limit === undefined ? credentials.all() : credentials.between(page.after, found.at(-1)?.email);
      return { all: found, keys: Map.groupBy(await ownKeys, ({ userId }) => userId) };
    });
    const keysOf = ({ id }: UserSummary) => keys.get(id) ?? [];
    if (args.json) {
      printJson(all.map((user) => toJson(user, keysOf(user))));
    } else if (all.length === 0) {
      print(
        args.after === undefined ? "Nobody has been invited yet: vouch server invite EMAIL" : "Nobody comes after.",
      );
    } else {
      for (const user of all) print(toText(user, keysOf(user)));
    }
  },
});

function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new VouchError("usage", `Expected --limit with a number from 1 to 999999, got "${text}".`);
}

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
      // The server has no vendor root certificates: the key, or a program posing as one, claims its own model.
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
