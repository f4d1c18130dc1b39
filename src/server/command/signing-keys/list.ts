import type { SigningKey } from "../../store/signing-keys.ts";
import { type KeyState, type KeyStatus, statusesAt } from "../../signing/life-cycle.ts";
import { currentTime, databaseArg, withStore } from "../database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { date } from "./date.ts";

export const list = defineServerCommand({
  meta: { name: "list", description: "List the signing keys and what becomes of each." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const statuses = await withStore(args.database, false, async (store) =>
      statusesAt(await store.signingKeys.all(), await store.time(currentTime())),
    );
    if (args.json) printJson(statuses.map(toJson));
    else if (statuses.length === 0) print("There is no signing key yet: vouch server init --url https://YOUR-HOST");
    else for (const status of statuses) print(`${status.key.kid}  ${words[status.state](status)}`);
  },
});

/** Times in seconds since 1970. */
function toJson({ key, state, until }: KeyStatus<SigningKey>): unknown {
  return { kid: key.kid, state, publishedAt: key.publishedAt, signsFrom: key.signsFrom, until };
}

const words: Record<KeyState, (status: KeyStatus<SigningKey>) => string> = {
  published: ({ key }) => `published, signs from ${date(key.signsFrom)}`,
  signing: ({ key, until }) =>
    `signing since ${date(key.signsFrom)}${until === undefined ? "" : `, until ${date(until)}`}`,
  retired: ({ until }) => `retired, published until ${date(until!)}`,
  gone: () => "gone: a running server removes it within a minute",
};
