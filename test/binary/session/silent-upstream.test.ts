/** A domain whose AWS accepts connections and says nothing: what it costs the others, and how often it is asked. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ended, executable, type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";

const region = "eu-west-1";
const silentUrl = `https://silent-${names.account}.d.codeartifact.${region}.amazonaws.com/pypi/its-repo/simple/`;
let laptop: Laptop;
/** The requests that came to the silent domain's AWS. */
const asked: { isGivenUp: boolean }[] = [];

beforeAll(async () => {
  const silent = ({ signal }: Request) => {
    const request = { isGivenUp: false };
    asked.push(request);
    signal.addEventListener("abort", () => (request.isGivenUp = true));
    return new Promise<never>(() => {});
  };
  laptop = await startLaptop({ routes: [{ hosts: [`codeartifact.${region}.amazonaws.com`], handle: silent }] });
  await laptop.startAgent();
  await laptop.enroll();
  await laptop.setUpAws();
  await laptop.setUpRepository();
  // Without a session AWS is not asked what the endpoints are.
  const repository = ["--domain", "silent", "--domain-owner", names.account, "--repository", "its-repo"];
  const flags = ["--region", region, "--tool", "pip,npm", "--scope", "@silent"];
  await ended(laptop.vouch("setup", "codeartifact", ...repository, ...flags));
  await laptop.login();
});
afterAll(async () => laptop?.stop());

const gaveUp = "There was no token for the domain silent within 20 seconds.";

/** What the run says, how many requests came to the silent domain's AWS meanwhile, and whether the run waited for them. */
async function counted(run: Promise<Finished>): Promise<Finished & { requests: number; waited: boolean }> {
  const before = asked.length;
  const finished = await run;
  const requests = asked.slice(before);
  // A chain that was waited for has given up a try; one that began behind the scenes is still at it.
  return { ...finished, requests: requests.length, waited: requests.some(({ isGivenUp }) => isGivenUp) };
}

test("pip's two questions to a domain that does not answer cost one wait", async () => {
  const ask = () => counted(laptop.run(["keyring", "get", silentUrl, "aws"]));
  const first = await ask();
  expect(first).toMatchObject({ exitCode: 1, stdout: "" });
  expect(first.stderr).toContain(gaveUp);
  // The end of a try comes to AWS by another connection than the answer to the helper.
  while (!asked.some(({ isGivenUp }) => isGivenUp)) await Bun.sleep(10);
  const second = await ask();
  expect(second).toMatchObject({ exitCode: 1, stdout: "", requests: 0, waited: false });
  expect(second.stderr).toContain(gaveUp);
  expect(second.stderr).toMatch(/The next try is possible in \d+ seconds?\./);
});

test("a command for which another domain is enough does not wait for one that does not answer", async () => {
  const { waited, stderr } = await counted(laptop.run([executable, "exec", "--", "true"]));
  expect({ waited, said: stderr.includes(gaveUp) }).toEqual({ waited: false, said: true });
  expect((await laptop.run(["npm", "view", "no-such-package"])).stderr).toContain("E404");
  expect((await counted(laptop.run(["pip", "config", "list"]))).requests).toBe(0);
});

test("the doctor asks a domain that does not answer in one chain beside everything else", async () => {
  const { stdout, requests } = await counted(laptop.vouch("doctor"));
  expect(stdout).toContain("AWS gives the role a token for my-domain/my-repo");
  expect(stdout).toContain(gaveUp);
  // Two tries within the 20 seconds, and two more when an earlier question is being repeated behind the scenes.
  expect(requests).toBeLessThanOrEqual(4);
});

test("the first command after a login, which another domain is enough for, goes on without the silent one", async () => {
  await laptop.login();
  const { exitCode, stderr } = await laptop.run([executable, "exec", "--", "true"]);
  // The first try of the chain has a limit of its own, ten seconds; the command has not waited for it.
  expect(asked.at(-1)?.isGivenUp).toBe(false);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("There was no token for the domain silent within 2 seconds.");
  expect(stderr).toContain("It is still being asked for.");
});
