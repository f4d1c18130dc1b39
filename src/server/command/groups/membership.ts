import { joinGroup, leaveGroup } from "../../administration/groups.ts";
import { withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "../people/invite.ts";
import { commonArgs, emailArg, groupArg } from "./arguments.ts";

export const join = defineServerCommand({
  meta: { name: "join", description: "Add a person to a group." },
  teaching: { examples: [["vouch server groups join platform dev@example.com", "Add dev@example.com."]] },
  args: { ...groupArg, ...emailArg, ...commonArgs },
  async run({ args }) {
    const about = { group: args.group, email: parseEmail(args.email) };
    const { changed } = await withStore(args, false, (store) =>
      store.transaction((tables) => joinGroup(tables, "operator", about)),
    );
    if (args.json) printJson({ ...about, changed });
    else print(`${about.email} ${changed ? "is" : "was"} in ${about.group}${changed ? " now" : " already"}.`);
  },
});

export const leave = defineServerCommand({
  meta: { name: "leave", description: "Take a person out of a group." },
  teaching: {
    details: ["What the company's identity provider says of a person's groups is changed there."],
    examples: [["vouch server groups leave platform dev@example.com", "Take dev@example.com out."]],
  },
  args: { ...groupArg, ...emailArg, ...commonArgs },
  async run({ args }) {
    const about = { group: args.group, email: parseEmail(args.email) };
    const { changed, isMember } = await withStore(args, false, (store) =>
      store.transaction((tables) => leaveGroup(tables, "operator", about)),
    );
    if (args.json) {
      printJson({ ...about, changed, isMember });
      return;
    }
    const { email, group } = about;
    if (isMember) print(`${email} stays in ${group}: the company's identity provider says so. Change it there.`);
    else print(changed ? `${email} is not in ${group} any more.` : `${email} was not in ${group}.`);
  },
});
