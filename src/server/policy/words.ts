/** The policy in words. */
import type { PolicyRules } from "./judgement.ts";

/** The rules in words. */
export function rulesText({ demand, applyTo, certified, roots, allow, deny }: PolicyRules): string {
  const demands = {
    none: "every key is taken",
    certified: `the FIDO metadata must prove the model, certified as ${certified} or higher`,
    roots: `one of ${roots.length} roots must attest the key`,
  };
  const lists = [
    ...(allow.size === 0 ? [] : [`only ${allow.size} models`]),
    ...(deny.size === 0 ? [] : [`not ${deny.size} models`]),
  ];
  const whom = applyTo === "all" ? "at each login" : "for new keys";
  if (demand === "none" && lists.length === 0) return demands.none;
  return [...(demand === "none" ? [] : [demands[demand]]), ...lists, whom].join("; ");
}
