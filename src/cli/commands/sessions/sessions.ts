/** `vouch sessions`: the user's own sessions, on this machine and on others. */
import { defineCommand } from "../../framework/command.ts";
import { end } from "./end.ts";
import { list } from "./list.ts";

export const sessions = defineCommand({
  meta: {
    name: "sessions",
    description: "List your sessions, here and elsewhere, and end those that you do not need.",
  },
  subCommands: { list, end },
});
