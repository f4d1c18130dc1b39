/** The setting that says which groups AWS learns of. */
import { VouchError } from "../../base/errors.ts";
import { groupName, groupNameRule } from "../store/people/groups.ts";
import { parseList } from "./list.ts";
import { optional } from "./setting.ts";

/** AWS STS takes 50 tags of a session; the rest is for those that every session has. */
const maxGroups = 40;

export const groupSettings = {
  "tag-groups": optional({
    variable: "VOUCH_SERVER_TAG_GROUPS",
    type: "string",
    valueHint: "GROUP,…",
    about:
      "Tag sessions at AWS with each of these groups (vouch:group:GROUP is true if the person is in it, else false), so that roles can demand them; 40 at most.",
    example: "platform,data",
    parse: parseTagGroups,
  }),
};

function parseTagGroups(text: string): string[] {
  const names = parseList(text, "tag-groups");
  const wrong = names.find((name) => !groupName.test(name));
  if (wrong !== undefined) {
    throw new VouchError("usage", `Expected --tag-groups GROUP,…, got ${JSON.stringify(wrong.slice(0, 80))} in it.`, {
      hint: `Expected ${groupNameRule}.`,
    });
  }
  if (names.length > maxGroups) {
    throw new VouchError("usage", `Expected --tag-groups with ${maxGroups} groups at most, got ${names.length}.`);
  }
  // STS compares the keys of tags without their case.
  const twice = names.find((name, index) =>
    names.slice(0, index).some((other) => other.toLowerCase() === name.toLowerCase()),
  );
  if (twice === undefined) return names;
  throw new VouchError("usage", `--tag-groups has "${twice}" twice, in another case: AWS takes them for one.`);
}
