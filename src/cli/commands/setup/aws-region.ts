/** The region that AWS's own tools would take from their environment and configuration file. */
import { join } from "node:path";
import { homeFolder } from "../../../base/system/home.ts";
import { readIniFile } from "../../../tools/small-files.ts";

/**
 * AWS_REGION, else AWS_DEFAULT_REGION, else the region of the profile (AWS_PROFILE, else `default`) in AWS_CONFIG_FILE or
 * `~/.aws/config`; undefined when none is there.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */
export function awsRegion(env: Record<string, string | undefined>): string | undefined {
  const named = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  if (named) return named;
  const profile = env["AWS_PROFILE"] || "default";
  // A relative path would be one of the current folder, which is hostile.
  const own = env["AWS_CONFIG_FILE"];
  const path = own?.startsWith("/") ? own : join(homeFolder(env), ".aws/config");
  const sections = profile === "default" ? ["default", "profile default"] : [`profile ${profile}`];
  const options = readIniFile(path)?.options ?? [];
  return (
    options.findLast(({ section, name }) => sections.includes(section) && name === "region")?.value.trim() || undefined
  );
}
