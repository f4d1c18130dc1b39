/** What a second domain, or a second account, that nobody answers for costs a command that does not need it. */
import { executable, type Laptop, type LaptopOptions, serverUrl, startLaptop } from "../../laptop.ts";
import { Account, type Role } from "../../sandbox/aws/account.ts";
import { createDeveloperAccount } from "../../sandbox/aws/developer-account.ts";
import { names } from "../../sandbox/main.ts";
import { reportRatio } from "../report.ts";
import { type Timed, timeInTurn } from "../timing.ts";

const runs = 102;
/** The region of the second domain, whose AWS is not the sandbox's. */
const region = "eu-west-1";
const otherAccount = "210987654321";

export async function measureUnreachable(): Promise<void> {
  const silent = await laptopWithSecondDomain(() => new Promise<never>(() => {}));
  try {
    const reachable = await laptopWithSecondDomain(() =>
      Response.json({
        authorizationToken: "vouch-sandbox-token-far",
        expiration: Math.floor(Date.now() / 1000) + 28_800,
      }),
    );
    try {
      const [times, others] = await timeInTurn([exec(silent), exec(reachable)], runs);
      const what = "warm `vouch exec -- true` with a second domain that is silent";
      reportRatio("unreachable_over_reachable", what, times!, "with one that answers", others!);
    } finally {
      await reachable.stop();
    }
  } finally {
    await silent.stop();
  }
}

/** As `measureUnreachable`, for a second account with a role of its own, whose STS is silent. */
export async function measureUnreachableAccount(): Promise<void> {
  const role = ["--role", `arn:aws:iam::${otherAccount}:role/vouch-developer`];
  const hosts = [`sts.${region}.amazonaws.com`];
  const silent = await laptopWithSecond({ routes: [{ hosts, handle: () => new Promise<never>(() => {}) }] }, role);
  try {
    const reachable = await laptopWithSecond({ others: [{ account: createOtherAccount(), region }] }, role);
    try {
      const [times, others] = await timeInTurn([exec(silent), exec(reachable)], runs);
      const what = "warm `vouch exec -- true` with a second account whose STS is silent";
      reportRatio("unreachable_account_over_reachable", what, times!, "with one that answers", others!);
    } finally {
      await reachable.stop();
    }
  } finally {
    await silent.stop();
  }
}

const exec = ({ env }: Laptop): Timed => ({ commands: [[executable, "exec", "--", "true"]], env });

/** An account with the developer's role, for the domain `far`. */
function createOtherAccount(): Account {
  const { oidcProviders, roles } = createDeveloperAccount({ issuer: serverUrl });
  const text = JSON.stringify(roles).replaceAll(names.account, otherAccount);
  const its = text.replaceAll(names.domain, "far").replaceAll(names.region, region);
  return new Account({
    id: otherAccount,
    oidcProviders,
    roles: JSON.parse(its) as Role[],
    domains: [{ name: "far", region, repositories: ["its-repo"] }],
  });
}

async function laptopWithSecondDomain(handle: () => Response | Promise<Response>): Promise<Laptop> {
  const routes = [{ hosts: [`codeartifact.${region}.amazonaws.com`], handle }];
  return laptopWithSecond({ routes }, ["--domain-owner", names.account]);
}

async function laptopWithSecond(options: LaptopOptions, flags: string[]): Promise<Laptop> {
  const laptop = await startLaptop(options);
  try {
    await laptop.startAgent();
    await laptop.enroll();
    await laptop.setUpAws();
    await laptop.setUpRepository();
    // Without a session AWS is not asked what the endpoints are.
    const second = ["--domain", "far", "--repository", "its-repo", "--region", region, ...flags];
    const { exitCode, stderr } = await laptop.vouch("setup", "codeartifact", ...second, "--tool", "pip");
    if (exitCode !== 0) throw new Error(`vouch setup codeartifact ended with ${exitCode}: ${stderr}`);
    await laptop.login();
    return laptop;
  } catch (error) {
    await laptop.stop();
    throw error;
  }
}
