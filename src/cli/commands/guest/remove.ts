/** `vouch guest remove NAME`: closes a guest's socket. */
import { routes } from "../../../agent/protocol.ts";
import { askAgent } from "../../../agent/wire/client.ts";
import { VouchError } from "../../../base/errors.ts";
import { loadSettings, saveSettings } from "../../../settings/settings.ts";
import { defineCommand } from "../../framework/command.ts";
import { success } from "../../terminal/terminal.ts";
import { guestName, ownAgent, warnOfOtherSettings } from "./agent-guests.ts";

const commandName = "vouch guest remove";

export const remove = defineCommand({
  meta: { name: "remove", description: "Close a guest's socket. Tokens that it has got are good until they end." },
  args: { name: { type: "positional", valueHint: "NAME", description: "The guest." } },
  teaching: { examples: [["vouch guest remove devcontainer", "Nobody asks there any more."]] },
  async run({ args }) {
    const name = guestName(args.name ?? "", commandName);
    const agent = await ownAgent();
    const isRunning = agent !== undefined;
    const settings = loadSettings();
    const { [name]: kept, ...guests } = settings.guests ?? {};
    if (kept !== undefined) {
      const { guests: _, ...others } = settings;
      saveSettings(Object.keys(guests).length === 0 ? others : { ...others, guests });
      if (isRunning) await askAgent(routes.guests, {});
    }
    const wasOpen = isRunning && kept === undefined && (await askAgent(routes.guestClose, { name })).closed;
    if (!wasOpen) warnOfOtherSettings(agent, "To have both use the same");
    if (kept === undefined && !wasOpen) {
      throw new VouchError("not_configured", `There is no guest ${name}.`, { hint: "Run `vouch guest list`." });
    }
    success(`The guest ${name} is gone. Tokens that it has got are good until they end, at most with the session.`);
  },
});
