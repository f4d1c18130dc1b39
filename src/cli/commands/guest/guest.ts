/** `vouch guest`: who may ask this machine's agent from containers and other machines. */
import { defineCommand } from "../../framework/command.ts";
import { add } from "./add.ts";
import { list } from "./list.ts";
import { remove } from "./remove.ts";

export const guest = defineCommand({
  meta: {
    name: "guest",
    description:
      "Let a container, another user or another machine ask this agent for read tokens, at a socket of its own. It can neither log in, publish, nor change anything.",
  },
  subCommands: { add, list, remove },
});
