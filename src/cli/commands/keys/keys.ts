/** `vouch keys`: manages the user's own security keys. */
import { defineCommand } from "../../framework/command.ts";
import { add } from "./add.ts";
import { clean } from "./clean.ts";
import { info } from "./info.ts";
import { list } from "./list.ts";
import { pin } from "./pin.ts";
import { remove } from "./remove.ts";
import { rename } from "./rename.ts";
import { reset } from "./reset.ts";

export const keys = defineCommand({
  meta: {
    name: "keys",
    description:
      "List, add, rename and remove your security keys, and look after each: its PIN, its room, a reset. Have two: one in your pocket, one in a safe place.",
  },
  subCommands: { list, add, rename, remove, info, pin, clean, reset },
});
