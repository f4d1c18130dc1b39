/** `vouch keys`: a person's own security keys. */
import { defineCommand } from "./command.ts";
import { add } from "./keys/add.ts";
import { list } from "./keys/list.ts";
import { remove } from "./keys/remove.ts";
import { rename } from "./keys/rename.ts";

export const keys = defineCommand({
  meta: {
    name: "keys",
    description: "List, add, rename and remove your security keys. Have two: one in your pocket, one in a safe place.",
  },
  subCommands: { list, add, rename, remove },
});
