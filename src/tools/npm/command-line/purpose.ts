/** Whether an npm command publishes, by its full name: npm takes every unambiguous beginning of one. */
import type { Purpose } from "../../../base/purpose.ts";
import { purposeOf } from "../../publishing.ts";
import type { NpmCommand } from "./commands.ts";

/** Publishing if one of npm's versions reads the words so. */
export function npmPurpose(readings: readonly NpmCommand[]): Purpose {
  return readings.some(({ command, words }) => command && purposeOf("npm", [command, ...words]) === "publish")
    ? "publish"
    : "read";
}
