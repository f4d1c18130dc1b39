import { documentationUrl } from "../../../base/words/documentation.ts";
import { parseLaptopProfileName, removeLaptopProfile, setLaptopProfile } from "../../administration/laptop-profiles.ts";
import { VouchError } from "../../../base/errors.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { profileArg } from "./arguments.ts";

const commonArgs = { ...databaseArg, json: { type: "boolean", description: "Print one JSON object." } } as const;

export const set = defineServerCommand({
  meta: { name: "set", description: "Announce what a file of TOML or JSON has, to a group or to everybody." },
  teaching: {
    details: [
      `People are shown what is new after their next \`vouch login\`, and \`vouch setup\` sets it up; nothing is set up that they have not accepted. The file: ${documentationUrl("profiles.md")}`,
    ],
    examples: [
      ["vouch server profiles set company company.toml", "Announce it to everybody."],
      ["vouch server profiles set platform platform.toml --group platform", "To the people of a group."],
      ["vouch server profiles set platform platform.toml", "Something else to the people of the same group."],
    ],
  },
  args: {
    ...profileArg,
    file: { type: "positional", description: "What it announces.", valueHint: "FILE", required: true },
    group: {
      type: "string",
      description: "The group that it is for. Without it: whom it was for, and a new one is for everybody.",
      valueHint: "GROUP",
    },
    everybody: { type: "boolean", description: "It is for everybody, whatever group it was for." },
    ...commonArgs,
  },
  async run({ args }) {
    const { readProfileFile } = await import("../../announced/file.ts");
    const name = parseLaptopProfileName(args.profile);
    const body = readProfileFile(args.file);
    const isForEverybody = args.everybody === true;
    if (isForEverybody && args.group !== undefined) {
      throw new VouchError("usage", "Expected either --group or --everybody, got both.");
    }
    const now = currentTime();
    const { changed, digest, group } = await withStore(args, false, (store) =>
      store.transaction(async (tables) => {
        const kept = isForEverybody ? undefined : (await tables.laptopProfiles.find(name))?.group;
        const toGroup = args.group ?? kept;
        return { ...(await setLaptopProfile(tables, "operator", { name, group: toGroup, body, now })), group: toGroup };
      }),
    );
    if (args.json) return printJson({ name, group: group ?? null, changed, digest });
    const whom = group === undefined ? "everybody" : `the group ${group}`;
    const isKept = group !== undefined && args.group === undefined;
    const widening = isKept ? " It was for that group before; --everybody makes it for everybody." : "";
    print(
      `${name} is for ${whom}${changed ? "" : ", as it was"}. People see it after their next \`vouch login\`.${widening}`,
    );
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
