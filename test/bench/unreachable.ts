/** What a second domain that nobody answers for costs a command that does not need it. */
import { executable, type Laptop, startLaptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";
import { reportRatio } from "./report.ts";
import { type Timed, timeInTurn } from "./timing.ts";

const runs = 102;
/** The region of the second domain, whose AWS is not the sandbox's. */
const region = "eu-west-1";

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
      const exec = ({ env }: Laptop): Timed => ({ commands: [[executable, "exec", "--", "true"]], env });
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

async function laptopWithSecondDomain(handle: () => Response | Promise<Response>): Promise<Laptop> {
  const laptop = await startLaptop({ routes: [{ hosts: [`codeartifact.${region}.amazonaws.com`], handle }] });
  try {
    await laptop.startAgent();
    await laptop.enroll();
    await laptop.setUpAws();
    await laptop.setUpRepository();
    // Without a session AWS is not asked what the endpoints are.
    const second = ["--domain", "far", "--domain-owner", names.account, "--repository", "its-repo", "--region", region];
    const { exitCode, stderr } = await laptop.vouch("setup", "codeartifact", ...second, "--tool", "pip");
    if (exitCode !== 0) throw new Error(`vouch setup codeartifact ended with ${exitCode}: ${stderr}`);
    await laptop.login();
    return laptop;
  } catch (error) {
    await laptop.stop();
    throw error;
  }
}
