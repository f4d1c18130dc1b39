/** Which domain and which repository: from flags, chosen from what AWS lists, else typed. */
import { askAgent } from "../../../agent/wire/client.ts";
import { type Reply, routes } from "../../../agent/protocol.ts";
import { accountPattern, domainPattern, repositoryPattern } from "../../../aws/names.ts";
import { parseRoleArn } from "../../../aws/partitions.ts";
import { VouchError } from "../../../base/errors.ts";
import { missing } from "../../framework/arguments.ts";
import { promptName, promptParsed } from "../../terminal/questions.ts";
import { note, showError } from "../../terminal/terminal.ts";
import type { Given, Situation } from "./step.ts";

/** Timeout of the agent's reply, which includes its requests to AWS. */
const timeoutMs = 60_000;

export interface Names {
  domain: string;
  owner: string;
  region: string;
  repository: string;
  /** Whether a name was typed: it may be wrong, and is asked for again then. */
  isTyped: boolean;
}

interface Place {
  region: string;
  /** The role's account. */
  account: string;
}

type ChosenDomain = Omit<Names, "repository">;

/** Asks for what the flags leave open. Throws as `askAgent` where AWS cannot be asked at all, and as `promptText`. */
export async function chooseNames({ given, settings, isPerson }: Situation): Promise<Names> {
  const { aws, repositories } = settings;
  const byDefault = repositories.at(-1);
  const isElsewhere = given.region !== undefined && given.region !== byDefault?.region;
  if (byDefault !== undefined && given.domain === undefined && given.repository === undefined && !isElsewhere) {
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
  for (;;) {
    const domain = await chooseDomain(given, place);
    if (given.repository !== undefined) return { ...domain, repository: given.repository };
    try {
      return await chooseRepository(domain);
    } catch (error) {
      if (!domain.isTyped || !(error instanceof VouchError) || error.code !== "aws_not_found") throw error;
      showError(new VouchError(error.code, error.message));
    }
  }
}

async function chooseDomain(given: Given, { region, account }: Place): Promise<ChosenDomain> {
  const owner = given["domain-owner"] ?? account;
  if (given.domain !== undefined) return { domain: given.domain, owner, region, isTyped: false };
  // AWS lists the domains of the role's own account alone.
  if (owner !== account) return { domain: await typed("domain", domainPattern), owner, region, isTyped: true };
  const { domains, isCut, refused } = await ask(routes.domains, { region });
  const [only, ...others] = domains;
  if (only === undefined || isCut) {
    note(`${whyTyped(`domains of the account ${account} in ${region}`, { isCut, refused })}: type the names.`);
    const domain = await typed("domain", domainPattern);
    const parse = matching("account of 12 digits", accountPattern);
    return { domain, owner: await promptParsed("The AWS account that owns it", parse, account), region, isTyped: true };
  }
  if (others.length === 0) {
    note(`The domain is ${only.name}, the only one of the account ${only.owner} in ${region}.`);
    return { domain: only.name, owner: only.owner, region, isTyped: false };
  }
  const choices = domains.map(({ name }) => ({ name, about: "" }));
  const domain = await promptName(`Which domain of the account ${account} in ${region}?`, "domains", choices);
  return { domain, owner: domains.find(({ name }) => name === domain)!.owner, region, isTyped: false };
}

/** Throws also `aws_not_found`, for a domain that there is not. */
async function chooseRepository(chosen: ChosenDomain): Promise<Names> {
  const { domain, owner, region } = chosen;
  const { repositories, isCut, refused } = await ask(routes.repositories, { domain, domainOwner: owner, region });
  const [only, ...others] = repositories;
  if (only === undefined || isCut) {
    note(`${whyTyped(`repositories of ${domain}`, { isCut, refused })}: type the name.`);
    return { ...chosen, repository: await typed("repository", repositoryPattern), isTyped: true };
  }
  if (others.length === 0) {
    note(`The repository is ${only.name}, the only one in ${domain}.`);
    return { ...chosen, repository: only.name };
  }
  const choices = repositories.map(({ name, description }) => ({ name, about: description }));
  return { ...chosen, repository: await promptName(`Which repository in ${domain}?`, "repositories", choices) };
}

interface Unlisted {
  isCut: boolean;
  refused?: string | undefined;
}

/** Asks the agent. One of an older version, whose session goes on, has no such route. */
async function ask<R extends typeof routes.domains | typeof routes.repositories>(
  route: R,
  body: unknown,
): Promise<Reply<R>> {
  try {
    return await askAgent(route, body, { timeoutMs });
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "protocol_error") throw error;
    const hint = "An agent of an older version may run: end it with `vouch agent stop`.";
    throw new VouchError(error.code, error.message, { hint, cause: error });
  }
}

function whyTyped(what: string, { isCut, refused }: Unlisted): string {
  if (isCut) return `AWS lists too many ${what} to choose from`;
  return refused === undefined ? `AWS lists no ${what}` : `Your role may not list the ${what}`;
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
