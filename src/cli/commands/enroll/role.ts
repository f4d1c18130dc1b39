/** The step "role": which IAM role, and which region. */
import { checkSamePartition, parseRoleArn } from "../../../aws/partitions.ts";
import { saveSettings } from "../../../settings/settings.ts";
import { missing } from "../../framework/arguments.ts";
import { confirm } from "../../terminal/prompt.ts";
import { promptParsed } from "../../terminal/questions.ts";
import { warn } from "../../terminal/terminal.ts";
import { sayRole, withRole } from "../setup/aws.ts";
import { awsRegion, doubtfulRegion } from "../setup/aws-region.ts";
import { defineStep } from "./step.ts";

const question = "The ARN of your AWS role";

export const role = defineStep({
  title: "AWS role",
  present: ({ given, settings: { aws } }) => {
    if (aws?.region === undefined) return undefined;
    const { roleArn, region } = aws;
    const isOther = (given.role ?? roleArn) !== roleArn || (given.region ?? region) !== region;
    return isOther ? undefined : `AWS role: ${roleArn}, in ${region}.`;
  },
  isGiven: (given) => given.role !== undefined || given.region !== undefined,
  ask: async ({ given, settings, isPerson }) => {
    const { aws } = settings;
    const arn = given.role ?? aws?.roleArn ?? (isPerson ? await promptParsed(question, checkedArn) : undefined);
    if (arn === undefined) throw missing("--role is missing.", "vouch enroll", "vouch enroll --role ARN");
    const region = given.region ?? aws?.region;
    if (region !== undefined || !isPerson) return { role: arn, region };
    // Ctrl-C at the next question does not lose the answer.
    saveSettings(withRole({ role: arn }, settings));
    return { role: arn, region: await askRegion(arn) };
  },
  act: async (answer, { settings }) => {
    const after = withRole(answer, settings);
    saveSettings(after);
    sayRole(after);
  },
});

function checkedArn(text: string): string {
  parseRoleArn(text);
  return text;
}

async function askRegion(arn: string): Promise<string> {
  const parse = (region: string): string => {
    checkSamePartition(arn, region);
    return region;
  };
  for (;;) {
    const region = await promptParsed("The AWS region of your packages, like us-east-1", parse, awsRegion(process.env));
    const doubt = doubtfulRegion(region);
    if (doubt === undefined) return region;
    warn(doubt);
    if (await confirm(`Use ${region} all the same?`, false)) return region;
  }
}
