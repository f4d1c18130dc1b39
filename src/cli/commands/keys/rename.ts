/** `vouch keys rename`: renames a security key. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { KeyRenameRequest } from "../../../agent/requests.ts";
import { agentTimeoutMs, parseKeyName } from "../../key/ceremony.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { success } from "../../terminal/terminal.ts";
import { findKey, keyArg, listKeys } from "./own-keys.ts";

export const rename = defineCommand({
  meta: { name: "rename", description: "Give one of your security keys another name." },
  args: {
    ...keyArg,
    name: { type: "positional", valueHint: "NAME", description: "What it is called from now on.", required: true },
    ...forArg,
  },
  teaching: {
    details: ["The name is kept at the server, for you and for the people who run it. No two of your keys share one."],
    examples: [['vouch keys rename "YubiKey 5 Series with NFC" work', "Call it work."]],
  },
  async run({ args }) {
    const name = parseKeyName(args.name, "NAME");
    const at = chosenServer(args.for, loadSettings());
    const key = findKey(await listKeys(at), args.key);
    const request: KeyRenameRequest = { ...at, id: key.id, name };
    const renamed = await askAgent(routes.keyRename, request, { timeoutMs: agentTimeoutMs });
    success(`"${key.name}" is called "${renamed.name}" now.`);
  },
});
