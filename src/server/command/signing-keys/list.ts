import { VouchError } from "../../../base/errors.ts";
import { table } from "../../../base/words/table.ts";
import type { SigningKey } from "../../store/signing-keys.ts";
import { type KeyState, type KeyStatus, refreshSeconds, statusesAt } from "../../signing/life-cycle.ts";
import {
  describeProtection,
  type KeyProtector,
  levelOfKey,
  levelUnder,
  parseProtection,
  type Protection,
} from "../../signing/protection.ts";
import { openSigner } from "../../signing/signing-key.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyProtector } from "./key-encryption.ts";
import { date } from "../date.ts";
import { initialized } from "../../initialize.ts";
import { atSameServer } from "../same-server.ts";

interface Listed {
  status: KeyStatus<SigningKey>;
  /** Why a key that waits could not be opened with the settings of this command. */
  problem: Problem | undefined;
}

interface Problem {
  message: string;
  advice: string;
}

export const list = defineServerCommand({
  meta: { name: "list", description: "List the signing keys and what becomes of each." },
  teaching: {
    details: [
      "For each key: its id, its state, and where its private part is. A key that waits to sign is tried with the settings that the servers have too (--key-encryption-key, VOUCH_KEY_ENCRYPTION_KEY, --config): one that cannot be opened is reported while there is time, because a server that cannot open it answers 503 when it begins to sign.",
    ],
    examples: [
      ["vouch server signing-keys list --config /etc/vouch/server.toml", "With the settings of the server."],
      ["vouch server signing-keys list --json", "For a script."],
    ],
  },
  args: { ...databaseArg, ...keyEncryptionArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const listed = await withStore(args, false, async (store) => {
      const statuses = statusesAt(await store.signingKeys.all(), await store.time(currentTime()));
      if (statuses.length === 0) return [];
      const issuer = (await initialized(store)).url;
      return await Promise.all(
        statuses.map(async (status): Promise<Listed> => {
          const isWaiting = status.state === "published";
          const problem = isWaiting ? await problemOf(status.key, issuer, () => keyProtector(args)) : undefined;
          return { status, problem };
        }),
      );
    });
    if (args.json) printJson(listed.map(toJson));
    else if (listed.length === 0) {
      print(atSameServer("There is no signing key yet: `vouch server init --url https://YOUR-HOST`", args));
    } else print(atSameServer(toText(listed), args));
  },
});

/** Tries the key as a server does that is started with the same settings. */
async function problemOf(
  key: SigningKey,
  issuer: string,
  protector: () => Promise<KeyProtector | undefined>,
): Promise<Problem | undefined> {
  let given: KeyProtector | undefined;
  try {
    const protection = parseProtection(key.protection, key.kid);
    const isEncrypted = protection !== undefined && protection.by !== "aws-kms-key";
    given = isEncrypted ? await protector() : undefined;
    await openSigner(key, issuer, given);
    return undefined;
  } catch (error) {
    const { code, message, hint } = VouchError.from(error);
    if (code === "internal_error") throw error;
    return { message, advice: advise(key, given, hint) };
  }
}

/** What is wrong is with what opens the key, or with the key: no setting of a server mends a row that is damaged. */
function advise(key: SigningKey, given: KeyProtector | undefined, hint = ""): string {
  const level = levelOfKey(key);
  const everyServer = "Give it to every server, and restart them before then.";
  if (level === "clear" || level === "unreadable" || level === (given && levelUnder(given))) return hint;
  if (given === undefined || level === "kms") return `${hint} ${everyServer}`;
  return `The list says under which it is: name that one with --key-encryption-key or VOUCH_KEY_ENCRYPTION_KEY. ${everyServer}`;
}

/** Times in seconds since 1970; protection is null for a key in clear text, problem for one that is right or not tried. */
function toJson({ status: { key, state, until }, problem }: Listed): unknown {
  const { kid, publishedAt, signsFrom } = key;
  return {
    kid,
    state,
    publishedAt,
    signsFrom,
    until,
    protection: place(key),
    problem: problem?.message ?? null,
  };
}

/** The key's protection; "unreadable" is one that this program does not know: a newer one wrote it, or it is damaged. */
function readProtection({ kid, protection }: SigningKey): Protection | "unreadable" | undefined {
  return levelOfKey({ kid, protection }) === "unreadable" ? "unreadable" : parseProtection(protection, kid);
}

function place(key: SigningKey): unknown {
  const protection = readProtection(key);
  if (protection === undefined) return null;
  if (protection === "unreadable") return { by: protection };
  return protection.by === "aws-kms-key"
    ? { by: protection.by, arn: protection.arn }
    : { by: protection.by, kek: protection.kek };
}

function toText(listed: readonly Listed[]): string {
  const rows = listed.map(({ status }) => {
    const protection = readProtection(status.key);
    const described =
      protection === "unreadable" ? "unreadable: of a newer Vouch, or damaged" : describeProtection(protection);
    return [status.key.kid, words[status.state](status), described];
  });
  const warnings = listed.flatMap(({ status, problem }) =>
    problem === undefined ? [] : [warning(status.key, problem)],
  );
  return [...table([["KEY", "STATE", "PRIVATE PART"], ...rows]), ...warnings].join("\n");
}

function warning({ kid, signsFrom }: SigningKey, { message, advice }: Problem): string {
  return `
Warning: with the settings of this command ${kid} cannot be opened. ${message}
A server with the same settings answers 503 from ${date(signsFrom)} on.
${advice}
If nothing helps, withdraw the key:

   vouch server signing-keys retire ${kid}`;
}

const words: Record<KeyState, (status: KeyStatus<SigningKey>) => string> = {
  published: ({ key }) => `published, signs from ${date(key.signsFrom)}`,
  signing: ({ key, until }) =>
    `signing since ${date(key.signsFrom)}${until === undefined ? "" : `, until ${date(until)}`}`,
  retired: ({ until }) => `retired, published until ${date(until!)}`,
  gone: () => `gone: a running server removes it within ${refreshSeconds} seconds`,
};
