/** A role of the sandbox's account that publishes, and that only a touch opens. */
import { names } from "../main.ts";
import type { Account, Role } from "./account.ts";

export const publishRole = {
  name: "vouch-publisher",
  arn: `arn:aws:iam::${names.account}:role/vouch-publisher`,
} as const;

/**
 * Gives the account a role for publishing with the permissions of the developer's. Its trust policy demands the tag that
 * the Vouch server gives for a touch, as docs/accounts.md has it.
 */
export function addPublishRole({ roles }: Account): void {
  const publisher: Role = { ...structuredClone(roles[0]!), name: publishRole.name };
  const [trust] = publisher.trustPolicy.Statement;
  const { StringEquals } = trust!.Condition!;
  trust!.Condition = {
    ...trust!.Condition,
    StringEquals: { ...StringEquals, "aws:RequestTag/vouch:purpose": "publish" },
  };
  roles.push(publisher);
}

const writing = new Set(["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"]);

/** Leaves the developer's role with what reads. */
export function takePublishing({ roles }: Account): void {
  for (const statement of roles[0]!.permissions) {
    statement.Action = [statement.Action].flat().filter((action) => !writing.has(action));
  }
}
