/** `vouch keys list`: lists the user's enrolled security keys. */
import type { SecurityKey } from "../../../agent/wire/reply-parts.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { atProfile, chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { bold, note, print, printJson } from "../../terminal/terminal.ts";
import { type Fit, shortIds, table } from "../../../base/words/table.ts";
import { calendarDate, clockTime } from "../../terminal/time.ts";
import { outputWidth } from "../../terminal/width.ts";
import { listKeys, modelOfKey } from "./own-keys.ts";

export const list = defineCommand({
  meta: { name: "list", description: "Show the security keys that open a session of yours." },
  args: { ...forArg, json: { type: "boolean", description: "Print one JSON array; times are seconds since 1970." } },
  teaching: {
    details: [
      "For each key: its name, its model (proved to the server by the key's vendor, or claimed by the key alone), when it was enrolled, when somebody last logged in with it, the beginning of its id, whether it opened the session that you are in, and whether it counts as part of a phone or computer: it is one, or one approved it. A use that you do not remember is a reason to remove the key.",
    ],
    examples: [
      ["vouch keys list", "See them."],
      ["vouch keys list --json", "Read them from a program."],
    ],
  },
  async run({ args }) {
    const keys = await listKeys(chosenServer(args.for, loadSettings()));
    if (args.json) return printJson(keys.map(keyJson));
    for (const line of keyLines(keys, Date.now() / 1000, outputWidth())) print(line);
    if (keys.length === 1) {
      note(
        atProfile(
          "It is your only key. Add another with `vouch keys add`, so that you can log in when this one is lost.",
          args.for,
        ),
      );
    }
  },
});

function keyJson(key: SecurityKey): unknown {
  const {
    id,
    name,
    aaguid,
    product,
    createdAt,
    lastUsedAt,
    transports,
    backupEligible,
    backedUp,
    builtIn,
    proof,
    thisSession,
  } = key;
  return {
    id,
    name,
    model: modelOfKey(key),
    // Without a proof the key claims its own model.
    modelAttested: (proof ?? null) !== null,
    aaguid,
    product,
    createdAt,
    lastUsedAt,
    transports,
    backupEligible,
    backedUp,
    builtIn: builtIn === true,
    thisSession,
  };
}

/** On a narrow terminal the model gives way first, then the name. */
const giveWay: Fit["giveWay"] = [
  [1, 8],
  [0, 8],
];

/** Returns the lines of the table of keys; `now` in seconds since 1970, `width` that of the terminal. */
export function keyLines(keys: readonly SecurityKey[], now: number, width?: number): string[] {
  const ids = shortIds(keys);
  const isProved = keys.some(({ proof }) => proof);
  const cells = [
    ["NAME", ...(isProved ? ["MODEL", "MODEL IS"] : ["MODEL (CLAIMED)"]), "ENROLLED", "LAST USED", "ID", ""],
    ...keys.map((key, index) => [
      key.name,
      modelOfKey(key),
      ...(isProved ? [key.proof ? "proved" : "claimed"] : []),
      calendarDate(key.createdAt),
      key.lastUsedAt === null ? "never" : clockTime(key.lastUsedAt, now),
      ids[index]!,
      [key.thisSession ? "this session" : "", key.builtIn === true ? "phone or computer" : ""]
        .filter(Boolean)
        .join(", "),
    ]),
  ];
  const [head = "", ...rows] = table(cells, { width, giveWay });
  return [bold(head), ...rows];
}
