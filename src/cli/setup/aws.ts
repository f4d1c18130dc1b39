/** `vouch setup aws`: which IAM role the session is exchanged for. */
import { checkSamePartition, parseRoleArn, regionPartition } from "../../aws/partitions.ts";
import { loadSettings, saveSettings, settingsPath } from "../../config/settings.ts";
import { defineCommand } from "../command.ts";
import { note, printJson, success, warn } from "../terminal.ts";

export const aws = defineCommand({
  meta: { name: "aws", description: "Name the IAM role that Vouch assumes for you, and the region that you work in." },
  args: {
    role: { type: "string", required: true, valueHint: "ARN", description: "The ARN of the role." },
    region: {
      type: "string",
      valueHint: "REGION",
      description: "The region of your CodeArtifact domains, unless `vouch setup codeartifact` names another.",
    },
    json: { type: "boolean", description: "Print what is set now as JSON." },
  },
  teaching: {
    details: [
      "The people who run your Vouch server know the ARN. It is public and is kept in Vouch's settings; nothing is asked of the network.",
    ],
    examples: [
      ["vouch setup aws --role arn:aws:iam::123456789012:role/vouch-developer --region us-east-1", "Name both."],
    ],
  },
  run({ args }) {
    const settings = loadSettings();
    const { partition } = parseRoleArn(args.role);
    const region = args.region ?? settings.aws?.region;
    if (region !== undefined) checkSamePartition(args.role, region);
    const next = { roleArn: args.role, ...(region === undefined ? {} : { region }) };
    if (!Bun.deepEquals(settings.aws, next, true)) saveSettings({ ...settings, aws: next });
    if (args.json) return printJson(next);
    success(`The role is ${args.role}${region === undefined ? "" : ` and the region ${region}`} (${settingsPath()}).`);
    for (const { domain, repository, region: other } of settings.repositories) {
      if (regionPartition(other).id === partition) continue;
      warn(`${domain}/${repository} is in ${other}, which this role cannot reach: they are of different partitions.`);
    }
    note(
      settings.repositories.length > 0
        ? "Next: `vouch login`."
        : "Next: `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY` configures cargo, pip and npm.",
    );
  },
});
