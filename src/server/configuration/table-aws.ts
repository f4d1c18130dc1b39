/** The settings that say what AWS learns of a person. */
import { VouchError } from "../../base/errors.ts";
import { groupName } from "../store/people/groups.ts";
import { optional, required, toggle } from "./setting.ts";

/** AWS STS takes 50 tags of a session; the rest is for those that every session has. */
const maxGroups = 40;

/** What a session at AWS is named by: the person's id, or their address. */
export type SessionNaming = "id" | "email";

export const awsSettings = {
  "session-name": required({
    variable: "VOUCH_SERVER_SESSION_NAME",
    type: "string",
    valueHint: "id|email",
    about:
      "What a session at AWS is named by, in CloudTrail and ARNs: the person's id, or their e-mail address, for which roles need other trust policies (vouch server aws --session-name email).",
    default: "id",
    parse: parseSessionNaming,
  }),
  "tag-email": toggle(
    "VOUCH_SERVER_TAG_EMAIL",
    "Tag sessions at AWS with the person's e-mail address (vouch:email), which CloudTrail and the accounts of a chain then show.",
  ),
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

function parseSessionNaming(text: string): SessionNaming {
  if (text === "id" || text === "email") return text;
  throw new VouchError("usage", `Expected --session-name id or email, got "${text}".`);
}

function parseTagGroups(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !groupName.test(name));
  if (wrong !== undefined) {
    throw new VouchError("usage", `Expected --tag-groups GROUP,…, got ${JSON.stringify(wrong.slice(0, 80))} in it.`, {
      hint: "At most 64 of the letters A to Z, digits, spaces and _ . : @ / -, with a letter or digit first.",
    });
  }
  const unique = [...new Set(names)];
  if (unique.length > maxGroups) {
    throw new VouchError("usage", `Expected --tag-groups with ${maxGroups} groups at most, got ${unique.length}.`);
  }
  // STS compares the keys of tags without their case.
  const twice = unique.find((name, index) =>
    unique.slice(0, index).some((other) => other.toLowerCase() === name.toLowerCase()),
  );
  if (twice === undefined) return unique;
  throw new VouchError("usage", `--tag-groups has "${twice}" twice, in another case: AWS takes them for one.`);
}
