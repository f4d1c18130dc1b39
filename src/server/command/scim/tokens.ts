import { addScimToken, removeScimToken } from "../../administration/scim-access.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { date } from "../date.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";

const nameArg = {
  name: { type: "positional", description: "What the audit log calls the client.", valueHint: "NAME", required: true },
} as const;

export const add = defineServerCommand({
  meta: { name: "add", description: "Make a token for a client of SCIM. It is shown once." },
  teaching: {
    details: [
      "Whoever has the token makes, renames and disables people, and says who is in which group. It enrols no key and reads no secret.",
    ],
    examples: [["vouch server scim add entra", "A token for the identity provider's provisioning."]],
  },
  args: { ...nameArg, ...databaseArg, json: { type: "boolean", description: "Print one JSON object." } },
  async run({ args }) {
    const { name } = args;
    const now = currentTime();
    const { token, url } = await withStore(args, false, async (store) => ({
      token: await store.transaction((tables) => addScimToken(tables, "operator", { name, now })),
      url: `${(await store.configuration.load())?.url ?? "https://YOUR-HOST"}/scim/v2`,
    }));
    if (args.json) {
      printJson({ name, url, token });
      return;
    }
    print(`Base URL: ${url}\nToken:    ${token}`);
    print("The token is not shown again. Give both to the identity provider.");
  },
});

export const list = defineServerCommand({
  meta: { name: "list", description: "List the tokens of SCIM, and when each was used last." },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const tokens = await withStore(args, false, ({ scimTokens }) => scimTokens.list());
    if (args.json) {
      printJson(tokens.map(({ name, createdAt, lastUsedAt }) => ({ name, createdAt, lastUsedAt: lastUsedAt ?? null })));
      return;
    }
    const lines = tokens.map(
      ({ name, createdAt, lastUsedAt }) =>
        `${name}  (made ${date(createdAt)}; ${lastUsedAt === undefined ? "never used" : `last used ${date(lastUsedAt)}`})`,
    );
    print(lines.length === 0 ? "There is no token yet: vouch server scim add NAME" : lines.join("\n"));
  },
});

export const remove = defineServerCommand({
  meta: { name: "remove", description: "Remove a token: its client is refused from now on." },
  teaching: {
    details: ["People and groups stay as they are."],
    examples: [["vouch server scim remove entra", "The provisioning is refused."]],
  },
  args: { ...nameArg, ...databaseArg },
  async run({ args }) {
    const { name } = args;
    await withStore(args, false, (store) =>
      store.transaction((tables) => removeScimToken(tables, "operator", { name })),
    );
    print(`The token ${name} is good no more.`);
  },
});
