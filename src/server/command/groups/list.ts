import { printable, printableJson } from "../../../base/words/printable.ts";
import { writeResult } from "../../../base/system/output.ts";
import { knownGroup } from "../../administration/groups.ts";
import { type GroupMember, groupsPage, type GroupSummary } from "../../store/people/groups.ts";
import { databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print } from "../definition.ts";
import { groupArg } from "./arguments.ts";

const json = { json: { type: "boolean", description: "Print one JSON array." } } as const;

export const list = defineServerCommand({
  meta: { name: "list", description: "List the groups, and how many people are in each." },
  teaching: { examples: [["vouch server groups list --json", "For a script."]] },
  args: { ...databaseArg, ...json },
  async run({ args }) {
    await withStore(args, false, (store) =>
      printPages(args.json === true, "There is no group yet: vouch server groups add NAME", {
        next: (last?: GroupSummary) => store.groups.page({ after: last?.name ?? "" }),
        toText: ({ name, source, members }) => `${printable(name)}  (${said(source)}; people: ${members})`,
      }),
    );
  },
});

export const members = defineServerCommand({
  meta: { name: "members", description: "List who is in a group." },
  teaching: { examples: [["vouch server groups members platform", "Who is in the group platform."]] },
  args: { ...groupArg, ...databaseArg, ...json },
  async run({ args }) {
    await withStore(args, false, async (store) => {
      const { id } = await knownGroup(store, args.group);
      await printPages(args.json === true, `Nobody is in ${args.group} yet.`, {
        next: (last?: GroupMember) => store.groups.members(id, { after: last?.email ?? "" }),
        toText: ({ email, disabled, sources }) =>
          `${printable(email)}  (${disabled ? "DISABLED; " : ""}${sources.map(said).join(", ")})`,
      });
    });
  },
});

function said(source: string): string {
  return { local: "by an administrator", sso: "by single sign-on", scim: "by SCIM" }[source] ?? printable(source);
}

/** Prints what comes page by page: a long list needs no memory. */
async function printPages<Item>(
  isJson: boolean,
  none: string,
  { next, toText }: { next: (last?: Item) => Promise<Item[]>; toText: (item: Item) => string },
): Promise<void> {
  let count = 0;
  for (let last: Item | undefined, isFirst = true; isFirst || last !== undefined; isFirst = false) {
    const page = await next(last);
    if (isFirst && isJson) writeResult("[");
    for (const item of page) {
      if (isJson) writeResult(`${count === 0 ? "" : ","}\n${printableJson(item)}`);
      else print(toText(item));
      count++;
    }
    last = page.length < groupsPage ? undefined : page.at(-1);
  }
  if (isJson) writeResult("\n]\n");
  else if (count === 0) print(none);
}
