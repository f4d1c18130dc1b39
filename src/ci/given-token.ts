/** Platforms that provide the ID token in a variable, or in a file named by a variable. */
import { readTokenFile, tokenFileVariable } from "../aws/credentials/web-identity.ts";
import { VouchError } from "../base/errors.ts";
import { readIdToken } from "./id-token.ts";
import { requiredVariables } from "./missing.ts";
import type { Platform } from "./platform.ts";

/** Default variable name, used in our examples for GitLab; the job's configuration may choose another. */
const gitlabVariable = "VOUCH_ID_TOKEN";

/** https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export const gitlab: Platform = {
  takes: ["idTokenVariable"],
  async idToken({ env, idTokenVariable: name = gitlabVariable, now }) {
    const [token = ""] = requiredVariables(
      "gitlab",
      [name],
      env,
      `Write \`id_tokens: { ${name}: { aud: sts.amazonaws.com } }\` into the job, or name the variable that the job has with \`--id-token-variable\`.`,
    );
    return readIdToken(token, name, now());
  },
};

/** https://circleci.com/docs/openid-connect-tokens/ */
export const circleci: Platform = {
  takes: [],
  async idToken({ env, now }) {
    // V2 also has claims for repository and branch, so a trust policy can be stricter.
    const second = "CIRCLE_OIDC_TOKEN_V2";
    const name = env[second] ? second : "CIRCLE_OIDC_TOKEN";
    if (env[name]) return readIdToken(env[name], name, now());
    throw new VouchError(
      "identity_unavailable",
      `The identity circleci needs ${second} or CIRCLE_OIDC_TOKEN, which are not set.`,
      {
        hint: "CircleCI sets them in the jobs of cloud and of server 4.4 or later (on some plans only where the job has a `context`), and not for forks.",
      },
    );
  },
};

/** https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/ */
export const bitbucket: Platform = {
  takes: [],
  async idToken({ env, now }) {
    const name = "BITBUCKET_STEP_OIDC_TOKEN";
    const [token = ""] = requiredVariables("bitbucket", [name], env, "Write `oidc: true` into the step.");
    return readIdToken(token, name, now());
  },
};

/** EKS (IRSA) and other platforms with the AWS SDKs' variable. */
export const webIdentityFile: Platform = {
  takes: [],
  async idToken({ env, now }) {
    const [path = ""] = requiredVariables(
      "web-identity-file",
      [tokenFileVariable],
      env,
      "On EKS, annotate the pod's service account with `eks.amazonaws.com/role-arn: ARN`; elsewhere set it to the path of a file that holds the ID token.",
    );
    return readIdToken(readTokenFile(path), path, now());
  },
};
