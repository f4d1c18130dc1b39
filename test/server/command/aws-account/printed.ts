/** What `vouch server aws` prints, and the accounts that get it in these tests. */
import { Account } from "../../../sandbox/aws/account.ts";
import { currentVersion } from "../../../sandbox/iam/document.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;

export const issuerUrl = "https://vouch.example.com";
export const id = "123456789012";

export interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

export async function vouchServerAws(...args: string[]): Promise<Printed> {
  const child = Bun.spawn([process.execPath, main, "server", "aws", ...args], {
    env: { PATH: process.env["PATH"], NO_COLOR: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Roles for everybody, and for two groups, one of which publishes. */
const everybody = ["--read-role", "vouch-developer", "--publish-role", "vouch-publisher"];
const groups = ["--group", "Team A=team-developer:team-publisher,platform=platform-developer"];

/** The text of a format, with a repository of us-east-1, two accounts and two groups. Throws what the command says on stderr. */
export async function printed(format: string, ...more: string[]): Promise<string> {
  const accounts = ["--account", `${id},210987654321`];
  const repository = ["--region", "us-east-1", "--repository", "my-domain/my-repo"];
  const words = ["--format", format, "--url", issuerUrl, ...accounts, ...repository, ...everybody, ...groups, ...more];
  const { code, stdout, stderr } = await vouchServerAws(...words);
  if (code !== 0 || stderr !== "") throw new Error(stderr);
  return stdout;
}

/** An account with nothing but an administrator's role. */
export function emptyAccount(partition = "aws", accountId = id): Account {
  return new Account({
    id: accountId,
    partition,
    roles: [
      {
        name: "administrator",
        maxSessionDuration: 3600,
        trustPolicy: { Version: currentVersion, Statement: [] },
        permissions: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
      },
    ],
  });
}

/** Audiences with what shells and templates expand, and an ARN such as their own. */
export const oddAudiences = [
  "a'b\"c",
  "$HOME${HOME}",
  "`x`",
  "\\",
  "%{if}",
  "${AWS::AccountId}",
  "arn:aws:iam::${AWS::AccountId}:x",
  "arn:$account",
];

/** The audiences that the trust policy of the first printed role demands. */
export function audiencesOf({ roles }: Account): unknown {
  const role = roles.find(({ name }) => name === "vouch-developer");
  return role?.trustPolicy.Statement[0]?.Condition?.["StringEquals"]?.[`${new URL(issuerUrl).host}:aud`];
}
