import { jwksCacheSeconds, refreshSeconds, retiredSeconds } from "../../signing/life-cycle.ts";
import { initialized } from "../../initialize.ts";
import { rotate as rotateKeys, type Rotation } from "../../signing/rotation.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyMakerOf, signingKeyArg } from "./key-encryption.ts";
import { date } from "../date.ts";
import { atSameServer } from "../same-server.ts";

export const rotate = defineServerCommand({
  meta: { name: "rotate", description: "Make a new signing key, which signs a day later; with --now at once." },
  teaching: {
    details: [
      "For a day the new key is only published, so that AWS has it before it meets a token of it. Running servers then sign with it by themselves. `vouch server run --rotate-every 90d` does the same at intervals.",
      "--now is for a key that leaked: the new key signs at once, whoever has cached the old JWKS refuses its tokens until it asks again, and `vouch server signing-keys retire KID --now` ends the old one.",
    ],
    examples: [
      ["vouch server signing-keys rotate", "Change the key, unnoticed by anybody."],
      ["vouch server signing-keys rotate --now", "The key leaked: sign with another one at once."],
    ],
  },
  args: {
    ...databaseArg,
    ...keyEncryptionArg,
    ...signingKeyArg,
    now: { type: "boolean", description: "Sign with it at once, in an emergency; keys that are waiting are replaced." },
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const immediately = args.now === true;
    const rotation = await withStore(args, false, async (store) => {
      const issuer = (await initialized(store)).url;
      const maker = await keyMakerOf(issuer, args);
      return await rotateKeys(store, await store.time(currentTime()), maker, { immediately });
    });
    const { key, previous, withdrawn } = rotation;
    if (args.json) {
      printJson({
        kid: key.kid,
        publishedAt: key.publishedAt,
        signsFrom: key.signsFrom,
        previous: previous.kid,
        withdrawn: withdrawn.map(({ kid }) => kid),
      });
      return;
    }
    print(immediately ? atSameServer(emergency(rotation), args) : planned(rotation));
  },
});

function planned({ key, previous }: Rotation): string {
  return `${key.kid} is published now and signs from ${date(key.signsFrom)}.
Until then ${previous.kid} signs; afterwards it stays published until its last token has ended:
until ${date(key.signsFrom + retiredSeconds)}. Running servers do all of this by themselves.`;
}

function emergency({ key, previous, withdrawn }: Rotation): string {
  const replaced = withdrawn.map(({ kid }) => `\n${kid} was waiting to sign, and was removed.`).join("");
  return `${key.kid} signs now; running servers follow within ${refreshSeconds} seconds.${replaced}

Whoever has cached the JWKS without it refuses its tokens until it asks again: after ${Math.ceil(jwksCacheSeconds / 60)} minutes
if it heeds the cache headers. How long AWS caches is not documented; until then people see
InvalidIdentityToken, and try again.

${previous.kid} is still published: whoever has it can sign as this server. End it with

   vouch server signing-keys retire ${previous.kid} --now`;
}
