/** Finds the AWS region as AWS's own tools do: environment, then configuration file. */
import { join } from "node:path";
import { homeFolder } from "../../../base/system/home.ts";
import { readIniFile } from "../../../tools/small-files.ts";

/**
 * Returns AWS_REGION, else AWS_DEFAULT_REGION, else the region of the profile (AWS_PROFILE, else `default`) in
 * AWS_CONFIG_FILE or `~/.aws/config`; undefined if there is none.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */
export function awsRegion(env: Record<string, string | undefined>): string | undefined {
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
