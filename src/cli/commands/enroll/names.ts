/** Which domain and which repository: from flags, chosen from what AWS lists, else typed. */
import { askAgent } from "../../../agent/wire/client.ts";
import { type Reply, routes } from "../../../agent/protocol.ts";
import { accountPattern, domainPattern, repositoryPattern } from "../../../aws/names.ts";
import { parseRoleArn } from "../../../aws/partitions.ts";
import { VouchError } from "../../../base/errors.ts";
import { missing } from "../../framework/arguments.ts";
import { promptName, promptParsed } from "../../terminal/questions.ts";
import { note } from "../../terminal/terminal.ts";
import type { Given, Situation } from "./step.ts";

/** Timeout of the agent's reply, which includes its requests to AWS. */
const timeoutMs = 60_000;

export interface Names {
  domain: string;
  owner: string;
  repository: string;
  /** Whether a name was typed: it may be wrong, and is asked for again then. */
  isTyped: boolean;
}

interface Place {
  region: string;
  /** The role's account. */
  account: string;
}

/** Asks for what the flags leave open. Throws as `askAgent` where AWS cannot be asked at all, and as `promptText`. */
export async function chooseNames({ given, settings, isPerson }: Situation): Promise<Names> {
  const { aws, repositories: known } = settings;
  const byDefault = known.at(-1);
  if (byDefault !== undefined && given.domain === undefined && given.repository === undefined) {
    // For further tools.
    return { ...byDefault, owner: byDefault.domainOwner, isTyped: false };
  }
  if (aws?.region === undefined) {
    throw missing("No AWS role and region are named.", "vouch enroll", "vouch enroll --role ARN --region REGION");
  }
  const absent = given.domain === undefined ? "domain" : given.repository === undefined ? "repository" : undefined;
  if (!isPerson && absent !== undefined) {
    throw missing(`--${absent} is missing.`, "vouch enroll", "vouch enroll --domain DOMAIN --repository REPOSITORY");
  }
  const place = { region: aws.region, account: parseRoleArn(aws.roleArn).accountId };
  const domain = await chooseDomain(given, place);
  if (given.repository !== undefined) return { ...domain, repository: given.repository };
  const { repositories, isCut, refused } = await listRepositories(domain, place.region);
  if (refused !== undefined) note(`Your role may not list the repositories of ${domain.domain}: type the name.`);
  else if (repositories.length === 0) note(`AWS lists no repository in ${domain.domain} (${place.region}).`);
  const [only, ...others] = repositories;
  if (only === undefined || isCut)
    return { ...domain, repository: await typed("repository", repositoryPattern), isTyped: true };
  if (others.length === 0) {
    note(`The repository is ${only.name}, the only one in ${domain.domain}.`);
    return { ...domain, repository: only.name };
  }
  const choices = repositories.map(({ name, description }) => ({ name, about: description }));
  const repository = await promptName(`Which repository in ${domain.domain}?`, "repositories", choices);
  return { ...domain, repository };
}

async function listRepositories(
  { domain, owner }: ChosenDomain,
  region: string,
): Promise<Reply<typeof routes.repositories>> {
  try {
    return await askAgent(routes.repositories, { domain, domainOwner: owner, region }, { timeoutMs });
  } catch (error) {
    // A domain that does not exist is found out when it is set up, with the words for it.
    if (!(error instanceof VouchError) || error.code !== "aws_not_found") throw error;
    return { repositories: [], isCut: false, refused: error.message };
  }
}

type ChosenDomain = Pick<Names, "domain" | "owner" | "isTyped">;

async function chooseDomain(given: Given, { region, account }: Place): Promise<ChosenDomain> {
  const ownerGiven = given["domain-owner"];
  if (given.domain !== undefined) return { domain: given.domain, owner: ownerGiven ?? account, isTyped: false };
  // AWS lists the domains of the role's own account alone.
  if (ownerGiven !== undefined && ownerGiven !== account) {
    return { domain: await typed("domain", domainPattern), owner: ownerGiven, isTyped: true };
  }
  const { domains, isCut, refused } = await askAgent(routes.domains, { region }, { timeoutMs });
  if (refused !== undefined) note(`Your role may not list the domains of the account ${account}: type the names.`);
  else if (domains.length === 0) note(`AWS lists no domain of the account ${account} in ${region}: type the names.`);
  const [only, ...others] = domains;
  if (only === undefined || isCut) {
    const domain = await typed("domain", domainPattern);
    const owner = await promptParsed(
      "The AWS account that owns it",
      matching("account of 12 digits", accountPattern),
      account,
    );
    return { domain, owner, isTyped: true };
  }
  if (others.length === 0) {
    note(`The domain is ${only.name}, the only one of the account ${only.owner} in ${region}.`);
    return { domain: only.name, owner: only.owner, isTyped: false };
  }
  const domain = await promptName(
    `Which domain of the account ${account} in ${region}?`,
    "domains",
    domains.map(({ name }) => ({ name, about: "" })),
  );
  return { domain, owner: domains.find(({ name }) => name === domain)!.owner, isTyped: false };
}

function typed(what: "domain" | "repository", pattern: RegExp): Promise<string> {
  return promptParsed(`The name of the ${what}`, matching(`name of a CodeArtifact ${what}`, pattern));
}

function matching(what: string, pattern: RegExp): (text: string) => string {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new VouchError("usage", `Expected the ${what}, got "${text}".`);
  };
}
