/** The remedies for error answers of AWS: tables of codes, one a service, in the words of who asked. */
import type { ErrorCode } from "../base/errors.ts";

/** A person with a session, a job of CI with an identity, or a Vouch server. */
export type Asker = "person" | "job" | "server";

/** Remedies for each kind of caller; a person in the guided set-up has one command for all. */
const remedies = {
  person: {
    again: "run `vouch login`",
    issuer: "the Vouch server",
    names: "run `vouch setup codeartifact` with the right ones",
    role: "Check the role and the region with `vouch status`, and set them with `vouch setup aws --role ARN --region REGION`.",
    region: "`vouch setup aws --region REGION`",
    denied: "Ask the administrator of the AWS account, and run `vouch doctor`.",
    other: "Run `vouch doctor` to check the settings.",
  },
  guided: {
    again: "run `vouch enroll`",
    issuer: "the Vouch server",
    names: "run `vouch enroll --domain DOMAIN --repository REPOSITORY`",
    role: "Check the role and the region, and set them with `vouch enroll --role ARN --region REGION`.",
    region: "`vouch enroll --region REGION`",
    denied: "Ask the administrator of the AWS account, and run `vouch doctor`.",
    other: "Run `vouch doctor` to check the settings.",
  },
  job: {
    again: "run the job again",
    issuer: "the platform that issued it",
    names: "give the right ones with `--domain`, `--domain-owner` and `--region`",
    role: "Check the role and the region, which `--role` and `--region` (VOUCH_ROLE, VOUCH_REGION) give.",
    region: "`--region REGION`",
    denied: "Ask the administrator of the AWS account, and run `vouch doctor`.",
    other: "Run `vouch doctor` to check the settings.",
  },
  server: {
    again: "run `vouch server check`",
    issuer: "what issues the token of AWS_WEB_IDENTITY_TOKEN_FILE",
    names: "give the right ones",
    role: "Check AWS_ROLE_ARN and AWS_REGION where the server is started.",
    region: "a key of another region",
    denied: "Ask the administrator of the AWS account which role the server has, and run `vouch server check`.",
    other: "Run `vouch server check`, which tries each signing key.",
  },
} as const;

/** Context of the failed request, for the error message. */
export interface AskedOf {
  service: "STS" | "CodeArtifact" | "KMS";
  operation:
    | "AssumeRoleWithWebIdentity"
    | "AssumeRole"
    | "GetAuthorizationToken"
    | "GetRepositoryEndpoint"
    | "ListDomains"
    | "ListRepositoriesInDomain"
    | "Encrypt"
    | "Decrypt"
    | "Sign"
    | "GetPublicKey";
  region: string;
  /** Default: a person. */
  asker?: keyof typeof remedies | undefined;
  /** The set environment variables that redirect requests away from AWS. */
  endpointVariables?: readonly string[];
  /** STS: the role, and unverified claims of the web identity token. */
  roleArn?: string;
  identity?: { issuer: string; audience: string; subject: string };
  /** STS: the role whose credentials signed an AssumeRole. */
  sourceRoleArn?: string;
  /** CodeArtifact and KMS: ARNs and display names of the requested resources. */
  resources?: { arns: string[]; names: string };
}

export interface Words {
  code: ErrorCode;
  hint: string;
}

/** Returns the code and the hint for an error answer of AWS. */
export function wordsFor(error: { awsCode: string; status: number; message: string }, asked: AskedOf): Words {
  const tables = [...tablesOf(asked), commonWords];
  if (asked.service === "STS" && ofTheFuture.test(error.message)) return issuersClock(asked);
  const known = tables.find((table) => Object.hasOwn(table, error.awsCode))?.[error.awsCode];
  if (known) return known(asked);
  if (error.status === 429) return throttled();
  if (error.status >= 500) {
    return {
      code: "aws_error",
      hint: `${asked.service} in ${asked.region} is failing at the moment. Try again in a minute.`,
    };
  }
  if (!error.awsCode) {
    return {
      code: "network",
      hint: `The answer did not come from AWS. ${whatLeadsElsewhere(asked)}`,
    };
  }
  return error.status === 403
    ? { code: "access_denied", hint: remedy(asked).denied }
    : { code: "aws_error", hint: remedy(asked).other };
}

function tablesOf({ service, operation }: AskedOf): WordTable[] {
  if (service === "KMS") return [kmsWords];
  if (service === "CodeArtifact") return [codeArtifactWords];
  return operation === "AssumeRole" ? [chainWords] : [stsWords];
}

/** Hint for an answer that did not come from AWS. */
export function whatLeadsElsewhere({ endpointVariables = [] }: Pick<AskedOf, "endpointVariables">): string {
  const names = [...endpointVariables, "HTTPS_PROXY", "NO_PROXY"];
  return `Check ${names.slice(0, -1).join(", ")} and ${names.at(-1)}, then try again.`;
}

type WordTable = Record<string, (asked: AskedOf) => Words>;

/** AssumeRoleWithWebIdentity (API version 2011-06-15), "Errors". */
const stsWords: WordTable = {
  AccessDenied: (asked) => ({
    code: "access_denied",
    hint:
      `The role must exist, and its trust policy must allow ${federatedActions(asked)} to the OIDC provider ` +
      `${issuerName(asked)} with conditions that match ${identityConditions(asked)}. When the policy is right, ${remedy(asked).again}.`,
  }),
  InvalidIdentityToken: (asked) => ({
    code: "aws_error",
    hint:
      `Check IAM, Identity providers, in the role's account: a provider with the URL ${asked.identity?.issuer ?? "of the Vouch server"} ` +
      `and the audience ${asked.identity?.audience ?? "of the token"} must exist, and ${asked.identity?.issuer ?? "that URL"}/.well-known/openid-configuration ` +
      `must be reachable from the internet. When it is right, ${remedy(asked).again}.`,
  }),
  IDPRejectedClaim: (asked) => ({
    code: "access_denied",
    hint: `The identity provider ${issuerName(asked)} rejected the token, or it was revoked. Then ${remedy(asked).again}.`,
  }),
  IDPCommunicationError: (asked) => ({
    code: "aws_error",
    hint: `AWS could not reach ${asked.identity?.issuer ?? "the identity provider"}: it must answer on the internet with a public certificate. Then ${remedy(asked).again}.`,
  }),
  ExpiredTokenException: (asked) => ({
    code: "aws_error",
    hint: `The identity token had ended before AWS saw it. Check the clock of ${remedy(asked).issuer}, then ${remedy(asked).again}.`,
  }),
  PackedPolicyTooLarge: (asked) => ({
    code: "aws_error",
    hint: `The session tags in the identity token are too large for STS. Ask the administrator of ${remedy(asked).issuer} to send fewer.`,
  }),
  ValidationError: (asked) => ({ code: "aws_error", hint: remedy(asked).role }),
};

/** Whether a person asks, in the guided set-up or not. */
export function isPerson({ asker = "person" }: AskedOf): boolean {
  return asker === "person" || asker === "guided";
}

/** A person's ID token brings session tags and a source identity, each of which needs a permission of its own. */
function federatedActions(asked: AskedOf): string {
  const more = isPerson(asked) ? ", sts:TagSession and sts:SetSourceIdentity" : "";
  return `sts:AssumeRoleWithWebIdentity${more}`;
}

/** The next session of a chain inherits both. */
function taggedChain(asked: AskedOf): string {
  return isPerson(asked) ? "; both also sts:TagSession and sts:SetSourceIdentity" : "";
}

/** AssumeRole (API version 2011-06-15), "Errors"; signed with another role's credentials. */
const chainWords: WordTable = {
  AccessDenied: (asked) => ({
    code: "access_denied",
    hint:
      `Both accounts must allow it: the policy of ${asked.sourceRoleArn} sts:AssumeRole on ${asked.roleArn}, and the trust policy of ` +
      `${asked.roleArn} sts:AssumeRole to the principal ${asked.sourceRoleArn}${taggedChain(asked)}. When both are right, ${remedy(asked).again}.`,
  }),
  ValidationError: (asked) => ({
    code: "aws_error",
    hint: `A role that another one assumes lasts one hour at most. ${remedy(asked).role}`,
  }),
};

/** CodeArtifact (API version 2018-09-22), "Common Errors" of the operations. */
const codeArtifactWords: WordTable = {
  AccessDeniedException: (asked) => ({
    code: "access_denied",
    hint: `Ask the administrator of the AWS account to allow the role ${requiredActions(asked)}. Then ${remedy(asked).again}.`,
  }),
  ResourceNotFoundException: (asked) => ({
    code: "aws_not_found",
    hint: `Asked in ${asked.region} for ${asked.resources?.names ?? "the repository"}. Check the names, the owner and the region, then ${remedy(asked).names}.`,
  }),
  ValidationException: (asked) => ({
    code: "aws_error",
    hint: `Check the names, the owner and the region, then ${remedy(asked).names}.`,
  }),
};

/** KMS (API version 2014-11-01), "Errors" of the operations; only a server calls it. */
const kmsWords: WordTable = {
  AccessDeniedException: (asked) => ({
    code: "access_denied",
    hint:
      `Allow kms:${asked.operation} on the key to the server's role, in its policy or the key's, for the server's URL ` +
      `where a condition names kms:EncryptionContext:vouch:issuer. Then ${remedy(asked).again}.`,
  }),
  InvalidCiphertextException: foreignCiphertext,
  IncorrectKeyException: foreignCiphertext,
  NotFoundException: (asked) => ({
    code: "aws_error",
    hint: `\`${keyCommand("describe-key", asked)}\` shows whether it exists. Check account and region in its ARN.`,
  }),
  // Either code is that of a key that waits for its deletion.
  DisabledException: unusableState,
  KMSInvalidStateException: unusableState,
  InvalidKeyUsageException: wrongKind,
  UnsupportedOperationException: wrongKind,
};

function foreignCiphertext(): Words {
  return {
    code: "settings_invalid",
    hint: "Another key encrypted it, or for another server, or the database is damaged: `vouch server signing-keys list` shows which key it was.",
  };
}

function unusableState(asked: AskedOf): Words {
  return {
    code: "aws_error",
    hint: `\`${keyCommand("enable-key", asked)}\` enables it; if it waits for its deletion, \`${keyCommand("cancel-key-deletion", asked)}\` first.`,
  };
}

function wrongKind(asked: AskedOf): Words {
  return {
    code: "aws_error",
    hint: `\`${keyCommand("describe-key", asked)}\` shows its kind: expected SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT to encrypt, ECC_NIST_P256 for SIGN_VERIFY to sign.`,
  };
}

function keyCommand(command: string, asked: AskedOf): string {
  return `aws kms ${command} --key-id ${asked.resources?.arns[0] ?? "ARN"} --region ${asked.region}`;
}

/** "Common errors" of every service. */
const commonWords: WordTable = {
  RegionDisabledException: regionDisabled,
  UnrecognizedClientException: regionDisabled,
  InvalidClientTokenId: regionDisabled,
  ExpiredTokenException: expired,
  ExpiredToken: expired,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  RequestInTheFuture: clock,
  InvalidSignatureException: clock,
  SignatureDoesNotMatch: clock,
  ThrottlingException: throttled,
  Throttling: throttled,
};

function regionDisabled(asked: AskedOf): Words {
  return {
    code: "aws_error",
    hint: `The region ${asked.region} may be off for the account: enable it (for STS in IAM, Account settings), or choose another with ${remedy(asked).region}.`,
  };
}

/** STS's message for a token whose `iat` or `nbf` is in the future: "Token must be issued in the past". */
const ofTheFuture = /issued in the past|issued in the future|not (yet|be used|be accepted)[^.]*(valid|before)/i;

function issuersClock(asked: AskedOf): Words {
  const { again, issuer } = remedy(asked);
  return {
    code: "aws_error",
    hint: `The clock of ${issuer} is ahead of AWS's: have it set right (NTP), then ${again}.`,
  };
}

function expired(asked: AskedOf): Words {
  if (asked.asker === "server") {
    return {
      code: "aws_error",
      hint: "The server's AWS credentials have ended. Credentials in variables do not renew themselves: give it a role, or new ones and a restart.",
    };
  }
  return { code: "session_expired", hint: `The credentials have ended: ${remedy(asked).again}.` };
}

function clock(asked: AskedOf): Words {
  return { code: "aws_error", hint: `Check the clock of this machine, then ${remedy(asked).again}.` };
}

function remedy({ asker = "person" }: AskedOf): (typeof remedies)[keyof typeof remedies] {
  return remedies[asker];
}

function throttled(): Words {
  return { code: "aws_error", hint: "AWS limits the rate of these requests. Try again in a minute." };
}

function issuerName(asked: AskedOf): string {
  return asked.identity?.issuer.replace(/^https:\/\//, "") ?? "of the Vouch server";
}

function identityConditions({ identity }: AskedOf): string {
  return identity ? `aud "${identity.audience}" and sub "${identity.subject}"` : "the token's aud and sub";
}

function requiredActions(asked: AskedOf): string {
  const [first = "*", second = first] = asked.resources?.arns ?? [];
  switch (asked.operation) {
    case "GetRepositoryEndpoint":
      return `codeartifact:GetRepositoryEndpoint (and codeartifact:ReadFromRepository to read packages) on ${second}`;
    case "ListDomains":
    case "ListRepositoriesInDomain":
      return `codeartifact:${asked.operation} on ${first}`;
    default:
      return `codeartifact:GetAuthorizationToken on ${first} and sts:GetServiceBearerToken on * (with the condition sts:AWSServiceName = codeartifact.amazonaws.com)`;
  }
}
