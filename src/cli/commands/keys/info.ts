/** `vouch keys info`: describes the plugged-in security keys. */
import { describeSecurityKeys } from "../../../fido/hid/keys.ts";
import { modelOf } from "../../../fido/webauthn/authenticator-model.ts";
import { VouchError } from "../../../base/errors.ts";
import { defineCommand } from "../../framework/command.ts";
import { bold, print, printJson } from "../../terminal/terminal.ts";
import { reportJson, reportLines } from "./key-report.ts";

export const info = defineCommand({
  meta: {
    name: "info",
    description: "Describe the security keys that are plugged in, and what Vouch can use of them.",
  },
  args: { json: { type: "boolean", description: "Print one JSON array." } },
  teaching: {
    details: [
      "For each key: the model that it claims to be, its firmware, the versions of CTAP, whether a PIN is set and how many tries are left, whether it knows a finger, the room for credentials, algorithms and extensions; then in words what that means for Vouch. Everything but the name of the device is the key's own claim: nobody has proved it.",
      "Needs no session, no PIN and no touch, and changes nothing on the key. Exit code 3 if no key is plugged in, or none can be used.",
    ],
    examples: [
      ["vouch keys info", "See what is plugged in."],
      ["vouch keys info --json", "Read it from a program."],
    ],
  },
  async run({ args }) {
    const keys = await describeSecurityKeys(modelOf);
    if (keys.length === 0) {
      throw new VouchError("security_key_missing", "No security key is plugged in.", {
        hint: "Plug in your security key and repeat the command.",
      });
    }
    if (args.json) printJson(keys.map(reportJson));
    else for (const [index, key] of keys.entries()) printReport(reportLines(key), index > 0);
    const [first] = keys;
    return keys.every(({ error }) => error !== undefined) ? (first?.error?.exitCode ?? 0) : 0;
  },
});

function printReport([name = "", ...lines]: string[], isNext: boolean): void {
  if (isNext) print("");
  print(bold(name));
  for (const line of lines) print(line);
}
