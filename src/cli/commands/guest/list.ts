/** `vouch guest list`: shows who may ask from elsewhere. */
import { printable } from "../../../base/words/printable.ts";
import { defineCommand } from "../../framework/command.ts";
import { table } from "../../../base/words/table.ts";
import { bold, note, print, printJson } from "../../terminal/terminal.ts";
import { allGuests } from "./agent-guests.ts";

export const list = defineCommand({
  meta: { name: "list", description: "Show the guests, where their sockets are, and who was refused there." },
  args: { json: { type: "boolean", description: "Print `running` (whether an agent is) and `guests` as JSON." } },
  teaching: {
    details: ["`vouch log` shows what they have asked for."],
    examples: [["vouch guest list", "See them, and the user ids that were refused."]],
  },
  async run({ args }) {
    const { isRunning, guests } = await allGuests();
    if (args.json) return printJson({ running: isRunning, guests });
    if (guests.length === 0) return note("There are no guests. `vouch guest add NAME` makes one.");
    const [head = "", ...rows] = table([
      ["NAME", "USER IDS", "GETS", "UNTIL", "FOLDER"],
      ...guests.map(({ name, uids, credentials, temporary, folder }) => [
        name,
        ["own", ...uids].join(", "),
        credentials ? "tokens, credentials" : "tokens",
        temporary ? "the session ends" : "you remove it",
        printable(folder),
      ]),
    ]);
    for (const line of [bold(head), ...rows]) print(line);
    if (!isRunning) note("No agent is running: the sockets are there from the next `vouch login` on.");
    for (const { name, failure, strangers } of guests) {
      if (failure) note(`${name} has no socket: ${printable(failure.message)} ${printable(failure.hint ?? "")}`);
      for (const uid of strangers) {
        note(`${name} has refused user id ${uid}; \`vouch guest add ${name} --uid ${uid}\` lets it ask.`);
      }
    }
  },
});
