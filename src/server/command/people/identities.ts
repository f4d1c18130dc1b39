/** `vouch server users link` and `unlink`: whose an identity of the company's identity provider is. */
import { VouchError } from "../../../base/errors.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsOf } from "../../configuration/settings.ts";
import type { Flags } from "../../configuration/settings.ts";
import type { Identity } from "../../store/people/identities.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print } from "../definition.ts";
import { parseEmail } from "./invite.ts";
import { linkIdentity, subjectForm, unlinkIdentity } from "../../administration/identities.ts";

const identityArgs = {
  email: { type: "positional", description: "Whose it is.", valueHint: "EMAIL", required: true },
  subject: {
    type: "string",
    description:
      "The person's `sub` in ID tokens of the identity provider; the audit log has it for a refused sign-on.",
    valueHint: "SUB",
    required: true,
  },
  ...settingArgs("sso-issuer"),
  ...databaseArg,
} as const;

export const link = defineServerCommand({
  meta: {
    name: "link",
    description: "Let a person who is known here sign on at the identity provider, by their subject there.",
  },
  teaching: {
    details: [
      "Single sign-on makes new people by itself. It never takes an account for a person who is here already, whatever e-mail address it has: this command says that they are one.",
    ],
    examples: [
      [
        "vouch server users link dev@example.com --subject 248289761001 --sso-issuer https://login.example.com",
        "That account of the provider is dev@example.com.",
      ],
    ],
  },
  args: identityArgs,
  async run({ args }) {
    const email = parseEmail(args.email);
    const identity = identityOf(args, args.subject);
    const now = currentTime();
    await withStore(args, false, (store) =>
      store.transaction((tables) => linkIdentity(tables, "operator", { email, ...identity, now })),
    );
    print(`${email} is ${identity.subject} of ${identity.issuer}.`);
  },
});

export const unlink = defineServerCommand({
  meta: { name: "unlink", description: "Take an identity of the identity provider from a person." },
  teaching: {
    details: ["Their keys and sessions stay: `vouch server disable EMAIL` locks a person out."],
    examples: [
      [
        "vouch server users unlink dev@example.com --subject 248289761001 --sso-issuer https://login.example.com",
        "That account is nobody's any more.",
      ],
    ],
  },
  args: identityArgs,
  async run({ args }) {
    const email = parseEmail(args.email);
    const identity = identityOf(args, args.subject);
    await withStore(args, false, (store) =>
      store.transaction((tables) => unlinkIdentity(tables, "operator", { email, ...identity })),
    );
    print(`${email} is ${identity.subject} of ${identity.issuer} no more.`);
  },
});

function identityOf(flags: Flags, subject: string): Identity {
  const { "sso-issuer": issuer } = settingsOf(flags, ["sso-issuer"]);
  if (issuer === undefined) {
    throw new VouchError("usage", "Expected --sso-issuer with the identity provider's issuer, got none.", {
      hint: "Give it as the server has it: --sso-issuer URL, VOUCH_SERVER_SSO_ISSUER, or --config FILE.",
    });
  }
  if (subjectForm.test(subject)) return { issuer, subject };
  throw new VouchError("usage", "Expected --subject with 1 to 255 characters, none of them a control character.");
}
