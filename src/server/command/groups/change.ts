import { addGroup, parseGroupName, removeGroup, renameGroup } from "../../administration/groups.ts";
import { currentTime, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { commonArgs, groupArg } from "./arguments.ts";

export const add = defineServerCommand({
  meta: { name: "add", description: "Make a group, with nobody in it yet." },
  teaching: { examples: [["vouch server groups add platform", "Make the group platform."]] },
  args: { ...groupArg, ...commonArgs },
  async run({ args }) {
    const name = parseGroupName(args.group);
    const now = currentTime();
    const { id } = await withStore(args, false, (store) =>
      store.transaction((tables) => addGroup(tables, "operator", { name, now })),
    );
    if (args.json) printJson({ id, name });
    else print(`Made the group ${name}. Add people: vouch server groups join "${name}" EMAIL`);
  },
});

export const remove = defineServerCommand({
  meta: { name: "remove", description: "Remove a group; the people in it stay." },
  teaching: {
    details: ["A group of the company's identity provider comes back with the next sign-on that names it."],
    examples: [["vouch server groups remove platform", "Remove the group platform."]],
  },
  args: { ...groupArg, ...commonArgs },
  async run({ args }) {
    const { members } = await withStore(args, false, (store) =>
      store.transaction((tables) => removeGroup(tables, "operator", { group: args.group })),
    );
    if (args.json) printJson({ name: args.group, members });
    else print(`Removed the group ${args.group}; ${members} ${members === 1 ? "person was" : "people were"} in it.`);
  },
});

export const rename = defineServerCommand({
  meta: { name: "rename", description: "Give a group another name." },
  teaching: {
    details: [
      "A group that the server announces to AWS (tag-groups) is announced by its name: change the setting and the roles that demand it, too.",
    ],
    examples: [["vouch server groups rename platform base", "Call it base from now on."]],
  },
  args: {
    ...groupArg,
    name: { type: "positional", description: "Its new name.", valueHint: "NAME", required: true },
    ...commonArgs,
  },
  async run({ args }) {
    const name = parseGroupName(args.name);
    await withStore(args, false, (store) =>
      store.transaction((tables) => renameGroup(tables, "operator", { group: args.group, name })),
    );
    if (args.json) printJson({ name, was: args.group });
    else print(`The group ${args.group} is called ${name} now.`);
  },
});
