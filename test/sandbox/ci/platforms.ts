/** The CI platforms as issuers of ID tokens: the issuer, audience and subject that each one's manual names. */
import { createIssuer, type Issuer } from "../aws/sts/issuer.ts";

export interface CiPlatform {
  /** The issuer's URL. */
  url: string;
  /** The audience that IAM's OIDC provider is to have. */
  clientId: string;
  /** An ID token of a job on the main branch of my-app; `claims` replace or add. */
  token(claims?: Record<string, unknown>): Promise<string>;
  fetch: Issuer["fetch"];
}

const organization = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
const project = "8a4e6c1d-22f7-4be5-8a06-3c5a7f9b0e42";

const shapes = {
  "github-actions": {
    url: "https://token.actions.githubusercontent.com",
    aud: "sts.amazonaws.com",
    sub: "repo:my-org/my-app:ref:refs/heads/main",
  },
  gitlab: {
    url: "https://gitlab.com",
    aud: "sts.amazonaws.com",
    sub: "project_path:my-group/my-app:ref_type:branch:ref:main",
  },
  circleci: {
    url: `https://oidc.circleci.com/org/${organization}`,
    aud: organization,
    sub: `org/${organization}/project/${project}/user/0b1c/vcs-origin/github.com/my-org/my-app/vcs-ref/refs/heads/main`,
  },
  buildkite: {
    url: "https://agent.buildkite.com",
    aud: "sts.amazonaws.com",
    sub: "organization:my-org:pipeline:my-app:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build",
  },
  bitbucket: {
    url: "https://api.bitbucket.org/2.0/workspaces/my-workspace/pipelines-config/identity/oidc",
    aud: "ari:cloud:bitbucket::workspace/5d2f9b1e-6a37-4c1f-8d0b-91c4e7a3f6b8",
    sub: "{c7b1f0aa-7d15-4e62-9f0b-2a6d8e4c3b19}:{e1f0a2b3-0000-4c4d-8e8f-111122223333}",
  },
  // A projected service account token has its audiences in a list.
  "web-identity-file": {
    url: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    aud: ["sts.amazonaws.com"],
    sub: "system:serviceaccount:ci:build",
  },
} as const;

export type CiPlatformName = keyof typeof shapes;
export const ciPlatformNames = Object.keys(shapes) as CiPlatformName[];

export type CiPlatforms = Record<CiPlatformName, CiPlatform>;

export async function createCiPlatforms(): Promise<CiPlatforms> {
  const made = await Promise.all(
    ciPlatformNames.map(async (name): Promise<[string, CiPlatform]> => {
      const { url, aud, sub } = shapes[name];
      const issuer = await createIssuer(url, "RS256");
      const token: CiPlatform["token"] = (claims = {}) => issuer.token({ aud, sub, ...claims });
      return [name, { url, clientId: [aud].flat()[0]!, token, fetch: issuer.fetch }];
    }),
  );
  return Object.fromEntries(made) as CiPlatforms;
}
