/** `vouch server scim`: the tokens of SCIM, and whom it may take up. */
import { defineServerCommand } from "../definition.ts";
import { link, unlink } from "./people.ts";
import { add, list, remove } from "./tokens.ts";

export const scim = defineServerCommand({
  meta: { name: "scim", description: "Let the company's identity provider keep people and groups here, by SCIM." },
  subCommands: { add, list, remove, link, unlink },
});
