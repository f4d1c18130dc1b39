/** The names of a CI job's settings: options of `vouch exec` and `vouch credential`, and environment variables. */

/** Variable of each option. */
export const jobVariables = {
  "--identity": "VOUCH_IDENTITY",
  "--audience": "VOUCH_AUDIENCE",
  "--id-token-variable": "VOUCH_ID_TOKEN_VARIABLE",
  "--profile": "VOUCH_AWS_PROFILE",
  "--role": "VOUCH_ROLE",
  "--region": "VOUCH_REGION",
  "--domain": "VOUCH_DOMAIN",
  "--domain-owner": "VOUCH_DOMAIN_OWNER",
  "--repository": "VOUCH_REPOSITORY",
} as const;

type NameOf<Option> = Option extends `--${infer Name}` ? Name : never;
/** An option without its dashes. */
export type JobOption = NameOf<keyof typeof jobVariables>;
