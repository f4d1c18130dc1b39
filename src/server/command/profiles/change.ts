import { parseLaptopProfileName, removeLaptopProfile, setLaptopProfile } from "../../administration/laptop-profiles.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { profileArg } from "./arguments.ts";

const commonArgs = { ...databaseArg, json: { type: "boolean", description: "Print one JSON object." } } as const;

export const set = defineServerCommand({
  meta: { name: "set", description: "Announce what a file of TOML or JSON has, to a group or to everybody." },
  teaching: {
    details: [
      "People are shown what is new after their next `vouch login`, and `vouch setup` sets it up; nothing is set up that they have not accepted. docs/profiles.md has the file.",
    ],
    examples: [
      ["vouch server profiles set company company.toml", "Announce it to everybody."],
      ["vouch server profiles set platform platform.toml --group platform", "To the people of a group."],
    ],
  },
  args: {
    ...profileArg,
    file: { type: "positional", description: "What it announces.", valueHint: "FILE", required: true },
    group: {
      type: "string",
      description: "The group that it is for. Without it: everybody.",
      valueHint: "GROUP",
    },
    ...commonArgs,
  },
  async run({ args }) {
    const { readProfileFile } = await import("../../announced/file.ts");
    const name = parseLaptopProfileName(args.profile);
    const body = readProfileFile(args.file);
    const { group } = args;
    const now = currentTime();
    const { changed, digest } = await withStore(args, false, (store) =>
      store.transaction((tables) => setLaptopProfile(tables, "operator", { name, group, body, now })),
    );
    if (args.json) return printJson({ name, group: group ?? null, changed, digest });
    const whom = group === undefined ? "everybody" : `the group ${group}`;
    print(`${name} is for ${whom}${changed ? "" : ", as it was"}. People see it after their next \`vouch login\`.`);
  },
});

export const remove = defineServerCommand({
  meta: { name: "remove", description: "Announce it no longer." },
  teaching: {
    details: ["Laptops on which it is set up are told so after the next login, and keep it until their people agree."],
    examples: [["vouch server profiles remove platform", "End what platform announces."]],
  },
  args: { ...profileArg, ...commonArgs },
  async run({ args }) {
    const { group } = await withStore(args, false, (store) =>
      store.transaction((tables) => removeLaptopProfile(tables, "operator", { name: args.profile })),
    );
    if (args.json) return printJson({ name: args.profile, group: group ?? null });
    print(`${args.profile} is announced no longer.`);
  },
});
