/** `vouch keys rename`: renames a security key. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { KeyChangeFinishRequest, KeyRenameStartRequest } from "../../../agent/requests.ts";
import { agentTimeoutMs, parseKeyName, timeoutArg } from "../../key/ceremony.ts";
import { approveRename } from "../../../fido/webauthn/deed.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { success } from "../../terminal/terminal.ts";
import { approve } from "./approve.ts";
import { orUnknown } from "../unknown-outcome.ts";
import { findKey, keyArg, listKeys, listShows } from "./own-keys.ts";

export const rename = defineCommand({
  meta: { name: "rename", description: "Give one of your security keys another name." },
  args: {
    ...keyArg,
    name: { type: "positional", valueHint: "NAME", description: "What it is called from now on.", required: true },
    ...forArg,
    ...timeoutArg,
  },
  teaching: {
    details: [
      "The name is kept at the server, for you and for the people who run it. No two of your keys share one.",
      "Any of your enrolled keys proves that it is you, by PIN and touch: keys are removed by their names, so no program shall change them behind your back.",
    ],
    examples: [['vouch keys rename "YubiKey 5 Series with NFC" work', "Call it work."]],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const name = parseKeyName(args.name, "NAME");
    const at = chosenServer(args.for, loadSettings());
    const key = findKey(await listKeys(at), args.key);
    const limit = { timeoutMs: agentTimeoutMs };
    const start: KeyRenameStartRequest = { ...at, id: key.id, name };
    const begun = await askAgent(routes.keyRenameStart, start, limit);
    const deed = approveRename(key.id, key.name, name);
    const approval = await approve(timeoutSeconds, begun.server, begun.approval, deed);
    const request: KeyChangeFinishRequest = { ...at, ceremony: begun.ceremony, approval };
    const renamed = () => askAgent(routes.keyRenameFinish, request, limit);
    await orUnknown(renamed, `"${key.name}" is called "${name}" now`, listShows);
    success(`"${key.name}" is called "${name}" now.`);
  },
});
