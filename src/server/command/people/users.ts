import { printable, printableJson } from "../../../base/words/printable.ts";
import { writeResult } from "../../../base/system/output.ts";
import { date } from "../date.ts";
import { describeKey } from "../../../fido/webauthn/authenticator-model.ts";
import { VouchError } from "../../../base/errors.ts";
import { type ListedPerson, people, personJson } from "../../administration/list-people.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsOf } from "../../configuration/settings.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print } from "../definition.ts";
import { atSameServer } from "../same-server.ts";
import { link, unlink } from "./identities.ts";

export const users = defineServerCommand({
  meta: { name: "users", description: "List people, their security keys and how many sessions they have." },
  teaching: {
    details: [
      "In the order of their emails, read page by page: a long list needs no memory. --limit and --after show a part of it.",
      "Where the identity provider is asked at logins (--sso-recheck, VOUCH_SERVER_SSO_RECHECK or --config), those are marked whom it refuses, and those about whom it is not asked: they have not signed on since.",
    ],
    examples: [["vouch server users --limit 50 --after dev@example.com", "The next 50 after dev@example.com."]],
  },
  subCommands: { link, unlink },
  args: {
    ...databaseArg,
    ...settingArgs("sso-recheck"),
    limit: { type: "string", description: "List at most so many.", valueHint: "N" },
    after: { type: "string", description: "Begin after this email.", valueHint: "EMAIL" },
    json: { type: "boolean", description: "Print one JSON array." },
  },
  async run({ args }) {
    const limit = parseLimit(args.limit);
    const { "sso-recheck": recheck } = settingsOf(args, ["sso-recheck"]);
    let count = 0;
    await withStore(args, false, async (store) => {
      if (args.json) writeResult("[");
      const after = args.after?.toLowerCase() ?? "";
      for await (const person of people(store, currentTime(), { after, limit })) {
        if (args.json) writeResult(`${count === 0 ? "" : ","}\n${printableJson(personJson(person))}`);
        else print(toText(person, recheck === "login"));
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

function parseLimit(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new VouchError("usage", `Expected --limit with a number from 1 to 999999, got "${text}".`);
}

function toText({ user, keys }: ListedPerson, isRechecked: boolean): string {
  const open = user.inviteExpiresAt === undefined ? "" : `, invited until ${date(user.inviteExpiresAt)}`;
  const lines = keys.map(
    ({ id, name, aaguid, product, createdAt, lastUsedAt, builtIn, proof }) =>
      `   ${printable(name)} ${id.slice(0, 12)}…  ${
        proof === undefined
          ? `claims to be: ${printable(describeKey(aaguid, product))}`
          : `proved (${proof.by}): ${printable(proof.model)}`
      }${builtIn ? ", phone or computer" : ""}, enrolled ${date(createdAt)}, ${lastUsedAt === undefined ? "never used" : `last used ${date(lastUsedAt)}`}`,
  );
  const disabled = user.disabled ? `DISABLED by ${user.disabledBy === "scim" ? "SCIM" : "an administrator"}; ` : "";
  const refused = user.recheck === "refused" ? "REFUSED by the identity provider; " : "";
  const unasked = isRechecked && user.recheck === undefined ? "the identity provider is not asked; " : "";
  const role = user.role === "member" ? "" : `${user.role}; `;
  return [
    `${printable(user.email)}  (${disabled}${refused}${unasked}${role}id ${user.id}; sessions: ${user.sessions}${open})`,
    ...lines,
  ].join("\n");
}
