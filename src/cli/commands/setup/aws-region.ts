/** Finds the AWS region as AWS's own tools do (environment, then configuration file), and notices a mistyped one. */
import { join } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { isListedRegion } from "../../../aws/partitions.ts";
import { homeFolder } from "../../../base/system/home.ts";
import { closest } from "../../../base/words/closest.ts";
import { readIniFile } from "../../../tools/checks/small-files.ts";

/**
 * Returns AWS_REGION, else AWS_DEFAULT_REGION, else the region of the profile (AWS_PROFILE, else `default`) in
 * AWS_CONFIG_FILE or `~/.aws/config`; undefined if there is none.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */
export function awsRegion(env: Environment): string | undefined {
  const named = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  if (named) return named;
  const profile = env["AWS_PROFILE"] || "default";
  // Ignore a relative path: the current folder is untrusted.
  const own = env["AWS_CONFIG_FILE"];
  const path = own?.startsWith("/") ? own : join(homeFolder(env), ".aws/config");
  const sections = profile === "default" ? ["default", "profile default"] : [`profile ${profile}`];
  const options = readIniFile(path)?.options ?? [];
  return (
    options.findLast(({ section, name }) => sections.includes(section) && name === "region")?.value.trim() || undefined
  );
}

/** The parts of AWS's region names: an area, with its partition; a direction; a number. */
const areas = "af ap ca cn eu eu-isoe eusc-de il me mx sa us us-gov us-iso us-isob us-isof".split(" ");
const directions = "central east north northeast northwest south southeast southwest west".split(" ");
const numbers = [1, 2, 3, 4, 5, 6, 7];

/**
 * A warning for a well-formed region that AWS's table does not list, with the listed one that is spelled most like it;
 * undefined for a listed region. No error: AWS adds regions after this program was built.
 */
export function unlistedRegion(region: string): string | undefined {
  if (isListedRegion(region)) return undefined;
  const meant = likelyRegion(region);
  const question = meant === undefined ? "Check its spelling" : `Did you mean ${meant}? Then run the command again`;
  return `${notKnown(region)} ${question}, unless AWS has added it since.`;
}

/** The same for a person who is asked at once whether it is meant. */
export function doubtfulRegion(region: string): string | undefined {
  if (isListedRegion(region)) return undefined;
  const meant = likelyRegion(region);
  return `${notKnown(region)}${meant === undefined ? "" : ` Did you mean ${meant}?`}`;
}

function notKnown(region: string): string {
  return `${region} is no AWS region that this version of Vouch knows.`;
}

function likelyRegion(region: string): string | undefined {
  const names = areas.flatMap((area) =>
    directions.flatMap((direction) => numbers.map((number) => `${area}-${direction}-${number}`)),
  );
  return closest(region, names.filter(isListedRegion));
}
