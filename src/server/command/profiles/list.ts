import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { announcementFor, bodyOf } from "../../announced/announcement.ts";
import { summaryOf } from "../../announced/summary.ts";
import { knownLaptopProfile } from "../../administration/laptop-profiles.ts";
import { knownPerson } from "../../administration/people.ts";
import { databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "../people/invite.ts";
import { profileArg } from "./arguments.ts";

export const list = defineServerCommand({
  meta: { name: "list", description: "List the profiles, and whom each is for." },
  teaching: { examples: [["vouch server profiles list --json", "For a script."]] },
  args: { ...databaseArg, json: { type: "boolean", description: "Print one JSON array." } },
  async run({ args }) {
    const all = await withStore(args, false, (store) => store.laptopProfiles.all());
    if (args.json) return printJson(all.map((each) => ({ ...each, group: each.group ?? null, body: bodyOf(each) })));
    if (all.length === 0) print("There is no profile yet: vouch server profiles set NAME FILE");
    for (const each of all) {
      const whom = each.group === undefined ? "everybody" : `the group ${printable(each.group)}`;
      print(`${printable(each.name)}  (for ${whom}; ${summaryOf(bodyOf(each))})`);
    }
  },
});

export const show = defineServerCommand({
  meta: { name: "show", description: "Print what a profile announces, or all that a person is told, as JSON." },
  teaching: {
    examples: [
      ["vouch server profiles show platform", "What this one announces."],
      ["vouch server profiles show --person dev@example.com", "All that the laptops of dev@example.com are told."],
    ],
  },
  args: {
    profile: { ...profileArg.profile, required: false },
    person: { type: "string", description: "The person whose laptops are told.", valueHint: "EMAIL" },
    ...databaseArg,
  },
  async run({ args }) {
    const { profile, person } = args;
    if ((profile === undefined) === (person === undefined)) {
      throw new VouchError("usage", "Give either the name of a profile or --person EMAIL.", {
        hint: "See `vouch server profiles show --help`.",
      });
    }
    const email = person === undefined ? undefined : parseEmail(person);
    const body = await withStore(args, false, async (store) =>
      email === undefined
        ? bodyOf(await knownLaptopProfile(store, profile!))
        : announcementFor(store, (await knownPerson(store, email)).id),
    );
    print(JSON.stringify(body, null, 2));
  },
});
