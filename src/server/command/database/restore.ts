import { documentationUrl } from "../../../base/words/documentation.ts";
import { basename } from "node:path";
import { fullPath } from "../../../base/system/full-path.ts";
import { VouchError } from "../../../base/errors.ts";
import { checkSigningKeys } from "../../check/database.ts";
import { failed, type Finding } from "../../check/finding.ts";
import { commandLine, operator } from "../../audit/operator.ts";
import { endWhatWasOpen, type Restored } from "../../restored.ts";
import { configurationPath, type Flags } from "../../configuration/settings.ts";
import { requireUnused } from "../../store/alone.ts";
import { describeDatabase, openStore, sqlitePath } from "../../store/open.ts";
import { isPostgresUrl } from "../../store/postgres/address.ts";
import { requireReplaceable } from "../../store/sqlite/content.ts";
import { checkBackup, putInPlace } from "../../store/sqlite/restore.ts";
import { type Look, lookInto, lookIntoFile } from "../../store/look.ts";
import { currentTime, databaseArg, databaseOf, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyProtector } from "../signing-keys/key-encryption.ts";
import { count } from "../../../base/words/count.ts";
import { date } from "../date.ts";
import { holding } from "./holding.ts";
import { atSameServer } from "../same-server.ts";

export const restore = defineServerCommand({
  meta: { name: "restore", description: "Check a backup and put it in the place of the database." },
  teaching: {
    details: [
      "Stop the server first. The backup is checked, copied with mode 0600, and put in place; the database that was there is kept beside it under another name. Every session ends and every open code is withdrawn: what was revoked or used after the backup would be good again. People log in with the keys that they have.",
      `What was done after the backup is not in it: disable, revoke and invite once more. Step by step: ${documentationUrl("recovery.md")}`,
      "A PostgreSQL database is filled by pg_restore; then run this command without FILE, before a server starts on it.",
    ],
    examples: [
      ["vouch server restore vouch-backup.db --dry-run", "Check a backup; change nothing."],
      ["vouch server restore vouch-backup.db", "Go back to it."],
    ],
  },
  args: {
    file: {
      type: "positional",
      description: "The backup that `vouch server backup` made; none for PostgreSQL.",
      valueHint: "FILE",
      required: false,
    },
    ...databaseArg,
    ...keyEncryptionArg,
    "dry-run": { type: "boolean", description: "Check the backup and say what is in it, and change nothing." },
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const { url, password } = databaseOf(args);
    const now = currentTime();
    const isDryRun = args["dry-run"] === true;
    if (isPostgresUrl(url)) {
      if (args.file !== undefined) {
        throw new VouchError("usage", "Expected no FILE: this database is PostgreSQL's.", {
          hint: "Fill it with pg_restore, then run `vouch server restore`.",
        });
      }
      const found = required(await lookInto(url, password), describeDatabase(url));
      const problems = await problemsOf(found, args, now);
      if (isDryRun) return say(args, { of: describeDatabase(url), rows: found.rows, found, problems });
      await requireUnused(url, password);
      const restored = await withStore(args, false, (store) => endWhatWasOpen(store, undefined, now));
      return say(args, { of: describeDatabase(url), rows: found.rows, found, problems, restored });
    }
    if (args.file === undefined)
      throw new VouchError("usage", "Expected FILE, the backup.", {
        hint: "Name the file that `vouch server backup FILE` made: `vouch server restore FILE`.",
      });
    const file = fullPath(args.file);
    const path = sqlitePath(url);
    const rows = checkBackup(file);
    const found = required(await lookIntoFile(file), file);
    requireReplaceable(path);
    await refuseOther(path, found);
    const problems = await problemsOf(found, args, now);
    if (isDryRun) return say(args, { of: args.file, rows, found, problems });
    let restored: Restored | undefined;
    const prepare = async (copy: string): Promise<void> => {
      const audit = { replica: commandLine, by: operator() };
      const store = await openStore(`sqlite:${copy}`, { create: false, now, ...audit });
      try {
        restored = await endWhatWasOpen(store, basename(file), now);
      } finally {
        await store.close();
      }
    };
    const replaced = await putInPlace(file, path, { now, prepare });
    return say(args, { of: args.file, rows, found, problems, restored, path, replaced });
  },
});

interface Report {
  /** What was checked or restored, for people. */
  of: string;
  rows: Record<string, number>;
  found: Look;
  /** Why the server could not sign with it. */
  problems: Finding[];
  /** Undefined for a dry run. */
  restored?: Restored | undefined;
  path?: string;
  /** Where the database is that was there. */
  replaced?: string | undefined;
}

/**
 * Returns what a server would start with. Throws `settings_missing` if there is nothing, and `file_error` if it has what
 * could make sessions good again that are ended.
 */
function required(found: Look | undefined, name: string): Look {
  const [trigger] = found?.triggers ?? [];
  if (trigger !== undefined) {
    throw new VouchError("file_error", `${name} has the trigger, rule or view ${trigger}, which is none of Vouch's.`, {
      hint: "Nothing was changed. Somebody has changed it: take another backup.",
    });
  }
  if (found?.configuration !== undefined) return found;
  throw new VouchError("settings_missing", `${name} holds no database of a Vouch server.`, {
    hint: "Nothing was changed. Take another backup.",
  });
}

/** Throws `edit_conflict` if the database of another server would be replaced; one that cannot be read may be. */
async function refuseOther(path: string, { configuration }: Look): Promise<void> {
  const there = await lookIntoFile(path).catch(() => undefined);
  const url = there?.configuration?.url;
  if (url === undefined || url === configuration?.url) return;
  throw new VouchError("edit_conflict", `${path} is the database of ${url}, and the backup of ${configuration?.url}.`, {
    hint: "Nothing was changed. Name the right database with --database, or move that one away first.",
  });
}

/** A database whose keys cannot be used is restored all the same: how to replace them needs it in place. */
async function problemsOf(found: Look, args: Parameters<typeof keyProtector>[0], now: number): Promise<Finding[]> {
  try {
    const findings = await checkSigningKeys(found, await keyProtector(args), {
      now,
      config: configurationPath(args, process.env),
    });
    return findings.filter(({ level }) => level === "error");
  } catch (error) {
    if (error instanceof VouchError) return [failed("signing keys", error)];
    throw error;
  }
}

/** Prints the report. Returns the exit code. */
function say(args: Flags & { json?: boolean | undefined }, report: Report): number {
  const { of, rows, found, problems, restored, path, replaced } = report;
  const url = found.configuration!.url;
  if (args.json) {
    const { sessions, invites, scimTokens, lastRecordedAt } = restored ?? {};
    const ended = { sessions, invites, scimTokens, lastRecordedAt };
    printJson({ url, version: found.version.found, rows, problems, ...ended, path, replaced });
  } else {
    print(`${of} is whole: the database of ${url} (${holding(rows)}).`);
    if (problems.length > 0) print(atSameServer(cannotSign(problems), args));
    if (restored !== undefined) print(done(restored, path, replaced));
  }
  return restored === undefined && problems.length > 0 ? 1 : 0;
}

/** One reason may hold for many keys. */
function cannotSign(problems: readonly Finding[]): string {
  const hints = new Set(problems.flatMap(({ hint }) => (hint === undefined ? [] : [`hint: ${hint}`])));
  const messages = new Set(problems.map(({ message }) => `error: ${message}`));
  return ["A server could not sign with it:", ...messages, ...hints].join("\n");
}

function done({ sessions, invites, scimTokens, lastRecordedAt }: Restored, path?: string, replaced?: string): string {
  const last = lastRecordedAt === undefined ? "" : ` Its last entry is of ${date(lastRecordedAt)}.`;
  const lines = [
    `Ended ${count(sessions, "session")} and withdrew ${count(invites, "open code")}: people log in again, with the keys that they have.`,
    ...(scimTokens === 0
      ? []
      : [
          `Removed ${count(scimTokens, "token")} of SCIM: give the identity provider a new one: vouch server scim add NAME`,
        ]),
    `${path === undefined ? "What was done since the backup is not in it." : `It is ${path} now.`}${last}`,
    "Whoever was disabled, revoked, invited or lost a key after that: do it again, before the server starts.",
  ];
  if (replaced !== undefined) {
    lines.push(`What was there is ${replaced}, as secret as it was: delete it when you need it no more.`);
  }
  return lines.join("\n");
}
