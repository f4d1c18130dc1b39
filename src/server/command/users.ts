import { printable, printableJson } from "../../base/printable.ts";
import { writeResult } from "../../base/system/output.ts";
import { date } from "./date.ts";
import { describeKey } from "../../fido/webauthn/authenticator-model.ts";
import { VouchError } from "../../base/errors.ts";
import { type UserSummary, usersPage } from "../store/accounts.ts";
import type { Credential } from "../store/credentials.ts";
import type { Store } from "../store/store.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { atSameServer } from "./same-server.ts";
import { link, unlink } from "./identities.ts";

export const users = defineServerCommand({
  meta: { name: "users", description: "List people, their security keys and how many sessions they have." },
  teaching: {
    details: [
      "In the order of their emails, read page by page: a long list needs no memory. --limit and --after show a part of it.",
    ],
    examples: [["vouch server users --limit 50 --after dev@example.com", "The next 50 after dev@example.com."]],
  },
  subCommands: { link, unlink },
  args: {
    ...databaseArg,
    limit: { type: "string", description: "List at most so many.", valueHint: "N" },
    after: { type: "string", description: "Begin after this email.", valueHint: "EMAIL" },
    json: { type: "boolean", description: "Print one JSON array." },
  },
  async run({ args }) {
    const limit = parseLimit(args.limit);
    let count = 0;
    await withStore(args, false, async (store) => {
      if (args.json) writeResult("[");
      for await (const { user, keys } of people(store, args.after?.toLowerCase() ?? "", limit)) {
        if (args.json) writeResult(`${count === 0 ? "" : ","}\n${printableJson(toJson(user, keys))}`);
        else print(toText(user, keys));
        count++;
      }
    });
    if (args.json) writeResult("\n]\n");
    else if (count === 0) {
      print(
        args.after === undefined
          ? atSameServer("Nobody has been invited yet: `vouch server invite EMAIL`", args)
          : "Nobody comes after.",
      );
    }
  },
});

/** Reads people with their keys, page by page: a long list needs no memory. */
async function* people(
  { accounts, credentials }: Store,
  first: string,
  limit: number,
): AsyncGenerator<{ user: UserSummary; keys: Credential[] }> {
  let after = first;
  for (let left = limit; left > 0;) {
    const asked = Math.min(left, usersPage);
    const page = await accounts.users(currentTime(), { after, limit: asked });
    const keys = Map.groupBy(await credentials.between(after, page.at(-1)?.email), ({ userId }) => userId);
    for (const user of page) yield { user, keys: keys.get(user.id) ?? [] };
    if (page.length < asked) return;
    left -= page.length;
    after = page.at(-1)!.email;
  }
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return Infinity;
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
    credentials: credentials.map(({ id, name, aaguid, product, backedUp, createdAt, lastUsedAt, proof }) => ({
      id,
      name,
      model: proof?.model ?? describeKey(aaguid, product),
      // Without a proof the key, or a program posing as one, claims its own model.
      modelAttested: proof !== undefined,
      proof: proof ?? null,
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
    ({ id, name, aaguid, product, createdAt, lastUsedAt, proof }) =>
      `   ${printable(name)} ${id.slice(0, 12)}…  ${
        proof === undefined
          ? `claims to be: ${printable(describeKey(aaguid, product))}`
          : `proved (${proof.by}): ${printable(proof.model)}`
      }, enrolled ${date(createdAt)}, ${lastUsedAt === undefined ? "never used" : `last used ${date(lastUsedAt)}`}`,
  );
  const disabled = user.disabled ? "DISABLED; " : "";
  return [`${printable(user.email)}  (${disabled}sub ${user.id}; sessions: ${user.sessions}${open})`, ...lines].join(
    "\n",
  );
}
