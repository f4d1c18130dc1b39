/** A laptop that publishes to a second account by a touch, with the executable whose security key is a socket. */
import { ended, type Laptop, sandboxExecutable, startLaptop } from "../../laptop.ts";
import type { Account } from "../../sandbox/aws/account.ts";
import { acme, allowSecondAccount, createSecondAccount } from "../../sandbox/aws/second-account.ts";
import { names } from "../../sandbox/main.ts";

export interface AcmeLaptop {
  laptop: Laptop;
  otherAccount: Account;
  /** `vouch setup aws` for the profile `acme`, with these flags after its own. */
  setUpProfile(...flags: string[]): Promise<void>;
  /** `vouch setup codeartifact` for the account's repository, which the profile reads and a role of its own publishes to. */
  setUpPublishing(...flags: string[]): Promise<void>;
}

/** Logged in, and set up for Cargo and the first account alone. */
export async function startAcmeLaptop(): Promise<AcmeLaptop> {
  const otherAccount = createSecondAccount(names.roleArn);
  const laptop = await startLaptop({
    executable: sandboxExecutable,
    account: allowSecondAccount,
    others: [{ account: otherAccount, region: acme.region }],
  });
  await laptop.getReady("--tool", "cargo");
  return {
    laptop,
    otherAccount,
    async setUpProfile(...flags) {
      const profile = ["--profile", "acme", "--role", acme.roleArn, "--region", acme.region, "--via", names.roleArn];
      await ended(laptop.vouch("setup", "aws", ...profile, ...flags));
    },
    async setUpPublishing(...flags) {
      const where = ["--domain", acme.domain, "--repository", acme.repository, "--profile", "acme"];
      await ended(laptop.vouch("setup", "codeartifact", ...where, "--publish-role", acme.publishRoleArn, ...flags));
    },
  };
}
