/** What a profile announces, in a few words. */
import type { AnnouncedBody } from "../../announced/body.ts";
import { count } from "../../base/words/count.ts";

/** As in "a role, 2 repositories, 1 named profile". */
export function summaryOf({ aws, repositories = [], profiles = [] }: AnnouncedBody): string {
  return [
    ...(aws === undefined ? [] : ["a role"]),
    count(repositories.length, "repository", "repositories"),
    ...(profiles.length === 0 ? [] : [count(profiles.length, "named profile")]),
  ].join(", ");
}
