/** Generic packages in the table of tools: AWS's API serves them, to role credentials and not to a token. */
import { refusedTool } from "../refused.ts";

export const generic = refusedTool({
  format: "generic",
  programs: [],
  refusal:
    "Generic packages need no set-up: the AWS CLI publishes and gets them, with the credentials of your role. Put `credential_process = vouch credential aws` into a profile of ~/.aws/config, and run `aws codeartifact publish-package-version --profile NAME …` (docs/tools/generic.md).",
});
