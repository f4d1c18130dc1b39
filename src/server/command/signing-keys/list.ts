import type { SigningKey } from "../../store/signing-keys.ts";
import { type KeyState, type KeyStatus, statusesAt } from "../../signing/life-cycle.ts";
import { describeProtection, parseProtection, type Protection } from "../../signing/protection.ts";
import { currentTime, databaseArg, withStore } from "../database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { date } from "../date.ts";

export const list = defineServerCommand({
  meta: { name: "list", description: "List the signing keys and what becomes of each." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const statuses = await withStore(args, false, async (store) =>
      statusesAt(await store.signingKeys.all(), await store.time(currentTime())),
    );
    if (args.json) printJson(statuses.map(toJson));
    else if (statuses.length === 0) print("There is no signing key yet: vouch server init --url https://YOUR-HOST");
    else for (const status of statuses) print(toText(status));
  },
});

/** Times in seconds since 1970; protection is null for a key in clear text. */
function toJson({ key, state, until }: KeyStatus<SigningKey>): unknown {
  const { kid, publishedAt, signsFrom } = key;
  const protection = parseProtection(key.protection, kid);
  return { kid, state, publishedAt, signsFrom, until, protection: protection === undefined ? null : place(protection) };
}

function place(protection: Protection): unknown {
  return protection.by === "aws-kms-key"
    ? { by: protection.by, arn: protection.arn }
    : { by: protection.by, kek: protection.kek };
}

function toText(status: KeyStatus<SigningKey>): string {
  const { kid, protection } = status.key;
  return `${kid}  ${words[status.state](status)}; ${describeProtection(parseProtection(protection, kid))}`;
}

const words: Record<KeyState, (status: KeyStatus<SigningKey>) => string> = {
  published: ({ key }) => `published, signs from ${date(key.signsFrom)}`,
  signing: ({ key, until }) =>
    `signing since ${date(key.signsFrom)}${until === undefined ? "" : `, until ${date(until)}`}`,
  retired: ({ until }) => `retired, published until ${date(until!)}`,
  gone: () => "gone: a running server removes it within a minute",
};
