/** Several announcements as one. */
import { type AnnouncedBody, repositoryId } from "./body.ts";

/** The union, of whatever size; what a later one says of the same thing takes the place of what an earlier one said. */
export function mergedOf(bodies: readonly AnnouncedBody[]): AnnouncedBody {
  const profiles = new Map(bodies.flatMap((each) => each.profiles ?? []).map((each) => [each.name, each]));
  const repositories: NonNullable<AnnouncedBody["repositories"]> = [];
  for (const each of bodies.flatMap((body) => body.repositories ?? [])) {
    const at = repositories.findIndex((other) => repositoryId(other) === repositoryId(each));
    if (at >= 0) repositories.splice(at, 1);
    repositories.push(each);
  }
  const aws = bodies.findLast((each) => each.aws !== undefined)?.aws;
  return { ...(aws === undefined ? {} : { aws }), profiles: [...profiles.values()], repositories };
}
