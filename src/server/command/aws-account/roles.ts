/** The roles that `vouch server aws` is asked for: for everybody, and for groups. */
import { VouchError } from "../../../base/errors.ts";
import { groupName } from "../../store/people/groups.ts";
import { parseList } from "../../configuration/list.ts";
import type { RolePlan } from "./account-plan.ts";

const none = "none";
const roleName = /^[\w+=,.@-]{1,64}$/;

/** Parses the flags of roles; those for everybody are left out by default where groups have roles. Throws `usage`. */
export function rolesOf(read: string | undefined, publish: string | undefined, groups: string | undefined): RolePlan[] {
  const fallback = (name: string) => (groups === undefined ? name : none);
  const everybody = [
    { flag: "read-role", name: read ?? fallback("vouch-developer"), purpose: "read" },
    { flag: "publish-role", name: publish ?? fallback("vouch-publisher"), purpose: "publish" },
  ] as const;
  for (const { flag, name } of everybody) {
    if (!roleName.test(name)) throw new VouchError("usage", `Expected --${flag} NAME, got "${name}".`);
  }
  const roles = [
    ...everybody
      .filter(({ name }) => name !== none)
      .map(({ name, purpose }): RolePlan => ({ name, purpose, group: undefined, label: "" })),
    ...(groups === undefined ? [] : rolesOfGroups(groups)),
  ];
  if (roles.length === 0) {
    throw new VouchError("usage", "There is no role: --read-role and --publish-role are both none.", {
      hint: "Name one of them, or roles of groups with --group.",
    });
  }
  // IAM compares names of roles without their case.
  const twice = roles.find(({ name }, index) =>
    roles.slice(0, index).some((other) => other.name.toLowerCase() === name.toLowerCase()),
  );
  if (twice === undefined) return roles;
  const isEverybodys = roles.every(({ group }) => group === undefined);
  const got = isEverybodys
    ? `--read-role and --publish-role are both ${read ?? "vouch-developer"}.`
    : `The role ${twice.name} is named twice.`;
  throw new VouchError("usage", got, {
    hint: "What reads could publish without a touch: name two roles, or --publish-role none.",
  });
}

function rolesOfGroups(list: string): RolePlan[] {
  const entries = parseList(list, "group").map((entry) => /^([^=]*)=([^:]*)(?::(.*))?$/.exec(entry)?.slice(1, 4));
  const isValid = (entry: (string | undefined)[] | undefined) => {
    const [group = "", read = "", publish] = entry ?? [];
    return groupName.test(group) && roleName.test(read) && (publish === undefined || roleName.test(publish));
  };
  if (!entries.every(isValid)) {
    throw new VouchError("usage", `Expected --group GROUP=NAME[:NAME],…, got "${list}".`);
  }
  const taken = new Set<string>();
  return entries.flatMap((entry): RolePlan[] => {
    const [group = "", read = "", publish] = entry ?? [];
    const label = freeLabel(group, taken);
    const reading: RolePlan = { name: read, purpose: "read", group, label };
    return publish === undefined ? [reading] : [reading, { ...reading, name: publish, purpose: "publish" }];
  });
}

/** The group's letters and digits, with a number where another group has the same. */
function freeLabel(group: string, taken: Set<string>): string {
  const plain = group.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  let label = plain;
  for (let number = 2; taken.has(label); number++) label = `${plain}${number}`;
  taken.add(label);
  return label;
}
