/** `vouch server profiles`: what laptops are told to use. */
import { defineServerCommand } from "../definition.ts";
import { remove, set } from "./change.ts";
import { list, show } from "./list.ts";

export const profiles = defineServerCommand({
  meta: {
    name: "profiles",
    description: "What laptops are told to use: roles, repositories, named profiles; by group, or for everybody.",
  },
  subCommands: { list, set, show, remove },
});
