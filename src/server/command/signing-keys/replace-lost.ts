import { count } from "../../../base/words/count.ts";
import { dropRefreshTokens } from "../../sso/recheck/kept-tokens.ts";
import { replaceLost as replaceLostKeys } from "../../signing/lost.ts";
import { requireUnused } from "../../store/alone.ts";
import { currentTime, databaseArg, databaseOf, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyMakerOf, keyProtector, signingKeyArg } from "./key-encryption.ts";
import { initialized } from "../../initialize.ts";

export const replaceLost = defineServerCommand({
  meta: {
    name: "replace-lost",
    description: "Make a new signing key in the place of those that nobody can use any longer.",
  },
  teaching: {
    details: [
      "For when the key-encryption key, or the signing key in AWS KMS, is lost. Stop the servers first: it is refused while one uses the database, because it cannot know what that can still open. The new key signs at once. It is refused, too, while a signing key can be used with the key-encryption key that is named: then `vouch server signing-keys rotate` changes it.",
      "People, security keys and sessions stay, and AWS is told nothing: it asks for the JWKS again by itself, in a time that is not documented.",
    ],
    examples: [
      [
        "vouch server signing-keys replace-lost --key-encryption-key file:/etc/vouch/kek-2",
        "Go on with a new key-encryption key.",
      ],
    ],
  },
  args: {
    ...databaseArg,
    ...keyEncryptionArg,
    ...signingKeyArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const { url, password } = databaseOf(args);
    await requireUnused(url, password);
    const { key, lost, dropped } = await withStore(args, false, async (store) => {
      const issuer = (await initialized(store)).url;
      const maker = await keyMakerOf(issuer, args);
      const time = await store.time(currentTime());
      const protector = await keyProtector(args);
      const replaced = await replaceLostKeys(store, { issuer, protector, time }, maker);
      return { ...replaced, dropped: await dropRefreshTokens(store, protector) };
    });
    const kids = lost.map(({ kid }) => kid);
    if (args.json) {
      printJson({ kid: key.kid, lost: kids, droppedRefreshTokens: dropped });
      return;
    }
    for (const kid of kids) print(`${kid} is removed.`);
    if (dropped > 0) {
      print(`Dropped ${count(dropped, "refresh token")} of the identity provider: with --sso-recheck it is not asked about those
people until they sign on at the page again (\`vouch server users\` names them).`);
    }
    print(`${key.kid} signs now. Start the servers, with the key-encryption key that it has.
Whoever has cached the JWKS without it refuses its tokens (InvalidIdentityToken) until it asks again.`);
  },
});
