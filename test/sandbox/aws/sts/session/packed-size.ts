/** The packed size of session tags, which has a limit of its own beside number and lengths. */
import { deflateRawSync } from "node:zlib";
import { ServiceError } from "../../service-error.ts";
import type { SessionTags } from "./session-tags.ts";

/** AWS publishes neither its format nor its limit, only a percentage of it: this is a small one, so that tests meet it. */
const limitBytes = 1024;

/** Percent of what is allowed, undefined without tags. Throws ServiceError. */
export function packedSize({ tags, transitive }: SessionTags): number | undefined {
  if (tags.size === 0) return undefined;
  const packed = deflateRawSync(JSON.stringify([[...tags], transitive])).length;
  const percent = Math.ceil((100 * packed) / limitBytes);
  if (percent <= 100) return percent;
  const message = `Packed size of session tags consumes ${percent}% of allotted space.`;
  throw new ServiceError("PackedPolicyTooLarge", message, 400);
}
