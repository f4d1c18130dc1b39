import { printable } from "../../base/words/printable.ts";
import { checkServer } from "../check/check.ts";
import { settingArgs } from "../configuration/documentation.ts";
import { settingNames } from "../configuration/table.ts";
import { currentTime } from "./database/database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";
import { atSameServer, namingDatabase } from "./same-server.ts";

const marks = { ok: "ok     ", warning: "warning", error: "error  " } as const;

export const check = defineServerCommand({
  meta: { name: "check", description: "Look at everything that `vouch server run` would need, and change nothing." },
  teaching: {
    details: [
      "It takes the same flags, variables and configuration file, and looks at every value, every file that is named and its mode, the certificate, the database and its version, the signing keys and the key that they are encrypted under, and the address. It ends with 1 if the server could not start or work.",
    ],
    examples: [
      ["vouch server check --config /etc/vouch/server.toml", "Before a restart."],
      ["vouch server check --json", "For a script."],
    ],
  },
  args: { ...settingArgs(...settingNames), json: { type: "boolean", description: "Print one JSON object." } },
  async run({ args }) {
    const { findings, settings } = await checkServer(args, process.env, currentTime());
    for (const finding of findings) {
      if (finding.hint !== undefined) finding.hint = atSameServer(namingDatabase(finding.hint, args), args);
    }
    const isRight = findings.every(({ level }) => level !== "error");
    if (args.json) {
      printJson({ ok: isRight, findings, settings });
    } else {
      for (const { level, check: subject, message, hint } of findings) {
        print(`${marks[level]}  ${subject}: ${printable(message)}${hint === undefined ? "" : `\n         ${hint}`}`);
      }
    }
    return isRight ? 0 : 1;
  },
});
