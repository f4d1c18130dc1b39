import { VouchError } from "../../../base/errors.ts";
import { shellWord } from "../../../base/words/shell-word.ts";
import { firstChain } from "../../audit/lanes.ts";
import { commandLine, operator } from "../../audit/operator.ts";
import { sqlitePath } from "../../store/open.ts";
import { isPostgresUrl, postgresAddress } from "../../store/postgres/address.ts";
import { migrateToPostgres } from "../../store/postgres/migrate.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsTable } from "../../configuration/table.ts";
import { currentTime, databaseOf } from "./database.ts";
import { count } from "../../../base/words/count.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { holding } from "./holding.ts";

export const migrate = defineServerCommand({
  meta: {
    name: "migrate",
    description: "Copy a SQLite database into an empty PostgreSQL database, for several replicas.",
  },
  teaching: {
    details: [
      "Stop the server first. Everything is copied in one transaction and counted on both sides; where anything fails, the PostgreSQL database stays empty. The file stays as it is: it is the way back until a server has run on the other.",
      "A password does not belong on a command line: VOUCH_DATABASE_PASSWORD_FILE names a file that holds it.",
    ],
    examples: [
      [
        "vouch server migrate --from sqlite:/var/lib/vouch-server/server.db --to postgres://vouch@db.example.com/vouch",
        "Move to PostgreSQL.",
      ],
    ],
  },
  args: {
    from: {
      type: "string",
      description: "The database to copy.",
      valueHint: "sqlite:PATH",
      required: true,
    },
    to: {
      type: "string",
      description: "The empty database. Default: that of the settings.",
      valueHint: "postgres://USER@HOST/NAME",
    },
    ...settingArgs("database-password-file"),
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    if (isPostgresUrl(args.from)) {
      settingsTable.database.checkFlag?.(args.from);
      throw new VouchError("usage", "Only a SQLite database can be migrated from.", {
        hint: "Expected --from sqlite:PATH.",
      });
    }
    const path = sqlitePath(args.from);
    const { url: to, password } = databaseOf({ ...args, database: args.to });
    if (!isPostgresUrl(to)) {
      throw new VouchError("usage", "Only a PostgreSQL database can be migrated to.", {
        hint: "Expected --to postgres://USER@HOST/NAME.",
      });
    }
    const address = postgresAddress(to, password);
    const rows = await migrateToPostgres(path, address, currentTime(), {
      chain: firstChain(commandLine),
      by: operator(),
    });
    if (args.json) {
      printJson({ from: args.from, to: address.name, rows });
      return;
    }
    print(`${address.name} holds all of ${path}: ${holding(rows)}, ${count(rows["sessions"] ?? 0, "session")}.
Start the servers with --database ${shellWord(address.name)}; do not start one on the file again.`);
  },
});
