/** `vouch server groups`: groups of people, and who is in them. */
import { defineServerCommand } from "../definition.ts";
import { add, remove, rename } from "./change.ts";
import { list, members } from "./list.ts";
import { join, leave } from "./membership.ts";

export const groups = defineServerCommand({
  meta: { name: "groups", description: "Groups of people: make them, and say who is in them." },
  subCommands: { list, add, remove, rename, members, join, leave },
});
