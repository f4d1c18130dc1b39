import { refreshSeconds } from "../../signing/life-cycle.ts";
import { retire as retireKey } from "../../signing/rotation.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";

export const retire = defineServerCommand({
  meta: {
    name: "retire",
    description: "Take a signing key out of the JWKS: one that waits, or with --now one that leaked.",
  },
  teaching: {
    details: [
      "A key that signs is refused: make the next one first. A retired key leaves by itself when its tokens have ended; --now takes it away before, and its tokens are refused from then on by whoever asks for the JWKS again.",
    ],
    examples: [
      ["vouch server signing-keys retire KID", "Withdraw a key that has not signed yet."],
      ["vouch server signing-keys retire KID --now", "It leaked: nobody shall trust it any longer."],
    ],
  },
  args: {
    kid: { type: "positional", description: "The key's id, as `list` shows it.", valueHint: "KID", required: true },
    ...databaseArg,
    now: { type: "boolean", description: "Also a key whose tokens may still be in use." },
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const { key, state } = await withStore(args, false, async (store) =>
      retireKey(store, args.kid, await store.time(currentTime()), { immediately: args.now === true }),
    );
    if (args.json) {
      printJson({ kid: key.kid, was: state });
      return;
    }
    print(
      state === "published"
        ? `${key.kid} is removed. It has signed nothing.`
        : `${key.kid} is removed. Running servers take it out of their JWKS within ${refreshSeconds} seconds.
Whoever has cached the JWKS trusts it until it asks again; how long AWS caches is not documented.`,
    );
  },
});
