/**
 * A logged-in developer's laptop for one worm: a role that reads and one that publishes, in one account, so that the
 * registries tell every upload. Nobody touches the security key once it is set up.
 */
import { join } from "node:path";
import { SQL } from "bun";
import { type Laptop, registryName, startLaptop } from "../laptop.ts";
import type { Account, Role } from "../sandbox/aws/account.ts";
import { names } from "../sandbox/main.ts";

export const publishRole = `arn:aws:iam::${names.account}:role/vouch-publisher`;

const writing = new Set(["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"]);

/** Splits the developer's role into one that reads and one that publishes too, after a touch. */
function splitRole({ roles }: Account): void {
  const developer = roles[0]!;
  const publisher: Role = { ...structuredClone(developer), name: "vouch-publisher" };
  // The publish role's trust policy demands the tag that only a touch gives.
  const [trust] = publisher.trustPolicy.Statement;
  const { StringEquals } = trust!.Condition!;
  trust!.Condition = {
    ...trust!.Condition,
    StringEquals: { ...StringEquals, "aws:RequestTag/vouch:purpose": "publish" },
  };
  for (const statement of developer.permissions) {
    statement.Action = [statement.Action].flat().filter((action) => !writing.has(action));
  }
  roles.push(publisher);
}

export async function startWormLaptop(): Promise<Laptop> {
  const laptop = await startLaptop({ account: splitRole });
  try {
    await laptop.getReady(
      "--publish-role",
      publishRole,
      "--registry-name",
      registryName,
      "--tool",
      "cargo,npm,pip,twine,nuget,bazel",
    );
    laptop.key.settings.touch = "withheld";
    return laptop;
  } catch (error) {
    await laptop.stop();
    throw error;
  }
}

/** The security keys that the Vouch server knows. */
export async function countKeys({ folder }: Laptop): Promise<number> {
  await using database = new SQL(`sqlite:${join(folder, "server.db")}`);
  const [row] = (await database`SELECT COUNT(*) AS keys FROM credentials`) as [{ keys: number }];
  return row.keys;
}

/** The uploads and changes that the registries have let through until now. */
export function countPublishes({ sandbox }: Laptop): number {
  return sandbox.answered.filter(
    ({ method, status, path }) => !["GET", "HEAD"].includes(method) && status < 300 && !path.startsWith("-/npm/v1/sec"),
  ).length;
}
