/** The IAM role that an identity is exchanged for, as the settings name it. */
import type { Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";

export interface Role {
  arn: string;
  /** The region whose STS is asked. */
  region: string;
}

/** Throws `settings_missing` when no role is set. */
export function roleFor(domain: { region: string } | undefined, settings: Settings): Role {
  const region = settings.aws?.region ?? domain?.region;
  if (settings.aws && region !== undefined) return { arn: settings.aws.roleArn, region };
  throw new VouchError(
    "settings_missing",
    settings.aws ? "No AWS region is configured." : "No AWS role is configured.",
    {
      hint: settings.aws
        ? "Give `--region REGION`, or run `vouch setup aws --role ARN --region REGION`."
        : "Run `vouch setup aws --role ARN`.",
    },
  );
}
