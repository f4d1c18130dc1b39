/** Environment variables by which Maven is told whom to trust. */
import { type VariableRule, warns } from "../checks/finding.ts";

export const mavenVariables: VariableRule[] = [
  {
    name: /^(?:MAVEN_OPTS|MAVEN_ARGS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS)$/,
    harm: (value) =>
      /maven\.wagon\.http\.ssl\.(?:insecure|allowall)=true|securityMode=insecure/i.test(value)
        ? warns("lets Maven verify no certificate, and send tokens to anybody; Vouch verifies them")
        : undefined,
  },
];
