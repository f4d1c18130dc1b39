/** `vouch server admin`: who may administer this server by its pages and its API. */
import { VouchError } from "../../../base/errors.ts";
import { type Role, type RoleHolder } from "../../store/people/roles.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsOf } from "../../configuration/settings.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "./invite.ts";
import { nobodyLeft } from "./nobody-left.ts";
import { notLinkedWarning } from "./not-linked.ts";
import { atSameServer } from "../same-server.ts";
import { giveRole, knownPerson, leavesNobody } from "../../administration/people.ts";

const add = defineServerCommand({
  meta: { name: "add", description: "Make a person an administrator, or an auditor." },
  teaching: {
    details: [
      "A person who is not known yet is made, and needs a key: by `vouch server invite`. With single sign-on let them sign on first: whom this command made is refused there until `vouch server users link`. What an administrator changes over the pages or the API asks for a touch of their key; the command line on the server's machine, which has the database, needs no role.",
    ],
    examples: [
      ["vouch server admin add dev@example.com", "The first administrator."],
      ["vouch server admin add --auditor ann@example.com", "ann@example.com sees everything and changes nothing."],
    ],
  },
  args: {
    email: { type: "positional", description: "Who.", valueHint: "EMAIL", required: true },
    auditor: { type: "boolean", description: "Give the right to read everything, and none to change anything." },
    ...settingArgs("sso-issuer"),
    ...databaseArg,
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const role = args.auditor === true ? "auditor" : "administrator";
    const { "sso-issuer": issuer } = settingsOf(args, ["sso-issuer"]);
    const { result, isLast } = await withStore(args, false, (store) =>
      store.transaction(async (tables) => {
        const { accounts, credentials } = tables;
        const made = await accounts.add(email, currentTime());
        const user = made ?? (await knownPerson(tables, email));
        if (user.disabled) {
          throw new VouchError("person_disabled", `${email} is disabled.`, {
            hint: `Run \`vouch server enable ${email}\` first.`,
          });
        }
        return await leavesNobody(tables, async () => {
          await giveRole(tables, "operator", { email, role });
          return { isMade: made !== undefined, hasNoKey: (await credentials.ofUser(user.id)).length === 0 };
        });
      }),
    );
    print(`${email} is ${described(role)}.`);
    const warning = result.isMade ? notLinkedWarning(email, issuer) : "";
    if (warning !== "") print(atSameServer(warning, args));
    if (result.hasNoKey) print(`They have no security key yet: vouch server invite ${email}`);
    if (isLast) print(nobodyLeft);
  },
});

const remove = defineServerCommand({
  meta: { name: "remove", description: "Make an administrator or auditor a member like any other." },
  teaching: { examples: [["vouch server admin remove dev@example.com", "They keep their keys and sessions."]] },
  args: {
    email: { type: "positional", description: "Who.", valueHint: "EMAIL", required: true },
    ...databaseArg,
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const { result: was, isLast } = await withStore(args, false, (store) =>
      store.transaction(async (tables) => {
        const user = await knownPerson(tables, email);
        const before = await tables.roles.roleOf(user.id);
        return await leavesNobody(tables, async () => {
          await giveRole(tables, "operator", { email, role: "member" });
          return before;
        });
      }),
    );
    print(was === "member" ? `${email} was no administrator or auditor.` : `${email} is ${described(was)} no more.`);
    if (isLast) print(nobodyLeft);
  },
});

const list = defineServerCommand({
  meta: { name: "list", description: "List administrators and auditors." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const holders = await withStore(args, false, ({ roles }) => roles.holders());
    if (args.json) {
      printJson(holders);
      return;
    }
    print(holders.length === 0 ? "Nobody yet: vouch server admin add EMAIL" : holders.map(toText).join("\n"));
  },
});

export const admin = defineServerCommand({
  meta: { name: "admin", description: "Who administers this server by its pages and its API: add, remove, list." },
  subCommands: { add, remove, list },
});

function described(role: Role): string {
  return role === "auditor" ? "an auditor" : "an administrator";
}

function toText({ email, role, disabled }: RoleHolder): string {
  return `${email}  ${role}${disabled ? " (DISABLED)" : ""}`;
}
