/**
 * A logged-in developer's laptop for one worm: a role that reads and one that publishes, in one account, so that the
 * registries tell every upload. The security key is plugged in, and nobody touches it once it is set up.
 */
import { join } from "node:path";
import { SQL } from "bun";
import { type Laptop, registryName, sandboxExecutable, startLaptop } from "../laptop.ts";
import type { Account } from "../sandbox/aws/account.ts";
import { addPublishRole, publishRole, takePublishing } from "../sandbox/aws/publish-role.ts";

/** Splits the developer's role into one that reads and one that publishes too, after a touch. */
function splitRole(account: Account): void {
  addPublishRole(account);
  takePublishing(account);
}

export async function startWormLaptop(): Promise<Laptop> {
  const laptop = await startLaptop({ account: splitRole, executable: sandboxExecutable });
  try {
    await laptop.getReady(
      "--publish-role",
      publishRole.arn,
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

/** The security keys that the Vouch server knows, with their names: one that is renamed is another. */
export async function knownKeys({ folder }: Laptop): Promise<Set<string>> {
  await using database = new SQL(`sqlite:${join(folder, "server.db")}`);
  const rows = (await database`SELECT id, name FROM credentials`) as { id: string; name: string }[];
  return new Set(rows.map(({ id, name }) => `${id} ${name}`));
}

/** The uploads and changes that the registries have let through until now. */
export function countPublishes({ sandbox }: Laptop): number {
  return sandbox.answered.filter(
    ({ method, status, path }) => !["GET", "HEAD"].includes(method) && status < 300 && !path.startsWith("-/npm/v1/sec"),
  ).length;
}
