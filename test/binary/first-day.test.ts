/** `vouch enroll` on a terminal: from a laptop with nothing to a repository that answers, in one command. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Laptop, type LaptopOptions, person, sandboxExecutable, serverUrl, startLaptop } from "../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../pty.ts";
import { requires } from "../requires.ts";
import { names } from "../sandbox/main.ts";

let laptop: Laptop;
const started = async (options: LaptopOptions = {}): Promise<void> => {
  laptop = await startLaptop({ repositories: ["other-repo", "staging"], ...options });
};
afterEach(() => laptop.stop());

/** The flags that leave the names and the session open. */
const written = ["--server", serverUrl, "--role", names.roleArn, "--region", names.region];
const tools = ["--tool", "npm,pip", "--path", "no"];

async function enroll(flags: string[], script: (at: Person) => Promise<void>): Promise<TerminalRun> {
  return laptop.atTerminal(["enroll", ...flags], script);
}

/** Answers when the question is there. */
async function answer({ see, type }: Person, question: string, text: string): Promise<void> {
  await see(question);
  type(`${text}\r`);
}

const typePin = (at: Person) => answer(at, "PIN of your security key", person.pin);

function expectEnd({ exitCode, screen, restored }: TerminalRun, expected: number): string {
  expect(`exit code ${exitCode}\n${exitCode === expected ? "" : screen}`).toBe(`exit code ${expected}\n`);
  expect(restored).toBe(true);
  return screen;
}

function settings(): Record<string, unknown> & { repositories: { repository: string; files: object }[] } {
  return JSON.parse(readFileSync(join(laptop.home, ".config/vouch/config.json"), "utf8"));
}

/** Key, role and session from their flags, code and PIN. */
async function untilNames(at: Person, code: string): Promise<void> {
  await answer(at, "Enrolment code", code);
  await typePin(at);
  await at.see("Session (step 3 of 4)");
  await typePin(at);
}

describe("with what AWS lists", () => {
  beforeEach(() => started());

  test("asks for everything, mends what is mistyped, and ends with a request that is answered", async () => {
    const code = await laptop.invite();
    const run = await enroll(tools, async (at) => {
      await answer(at, "The URL of your company's Vouch server: ", "vouch example");
      await at.see("Expected a URL");
      await answer(at, "The URL of your company's Vouch server: ", "vouch.nowhere.example");
      await at.see("No connection to vouch.nowhere.example");
      await answer(at, "The URL of your company's Vouch server: ", names.vouchHost);
      await answer(at, "Enrolment code (Enter: the key is enrolled already): ", "0000-0000-0000-0000");
      await at.see("The enrolment code is not known.");
      await answer(at, "Enrolment code: ", code);
      await typePin(at);
      await answer(at, "The ARN of your AWS role: ", "vouch-developer");
      await at.see("Expected a role ARN");
      await answer(at, "The ARN of your AWS role: ", names.roleArn);
      await answer(at, "The AWS region of your packages, like us-east-1: ", "us-eest-1");
      await at.see("Did you mean us-east-1?");
      await answer(at, "Use us-eest-1 all the same? [y/N]", "");
      await answer(at, "The AWS region of your packages, like us-east-1: ", names.region);
      await typePin(at);
      await at.see(`The domain is ${names.domain}, the only one`);
      await answer(at, "Number or name: ", names.repository);
    });
    const screen = expectEnd(run, 0);
    expect(screen).toContain(`Checked: the npm registry of ${names.domain}/${names.repository} answers.`);
    expect(screen).not.toContain(person.pin);
    expect(screen).not.toContain("keeps running");
    const [last] = screen.trimEnd().split("\n").slice(-1);
    expect(last).toMatch(/^Then: .*(npm|pip) install PACKAGE/);
    expect(settings()).toMatchObject({
      server: { url: serverUrl },
      aws: { roleArn: names.roleArn, region: names.region },
    });
    expect(Object.keys(settings().repositories[0]!.files).toSorted()).toEqual(["npm", "pip"]);

    const again = expectEnd(await enroll([], async () => {}), 0);
    expect(again.split("\n").filter((line) => line.includes("✓")).length).toBe(5);
    expect(again).toContain("Nothing is missing.");
    expect(JSON.parse((await laptop.vouch("doctor", "--json")).stdout)).toMatchObject({ next: [] });

    const more = expectEnd(await enroll(["--tool", "cargo", "--path", "no"], async () => {}), 0);
    expect(more).toContain("Repository (step 4 of 4)");
    expect(Object.keys(settings().repositories[0]!.files).toSorted()).toEqual(["cargo", "npm", "pip"]);
  });

  test("goes on after Ctrl-C with the step that is missing, and does none twice", async () => {
    const code = await laptop.invite();
    const first = await enroll([...written, ...tools], async (at) => {
      await answer(at, "Enrolment code", code);
      await typePin(at);
      await at.see("Session (step 3 of 4)");
      await at.see("PIN of your security key");
      at.type("\x03");
    });
    expect(expectEnd(first, 130)).toContain("What is done stays: `vouch enroll` goes on from here.");
    const doctor = await laptop.vouch("doctor");
    expect(doctor.stdout).toStartWith("This machine is not set up yet. Next:\n  vouch enroll\n");
    expect(doctor.stdout).not.toContain("→ vouch login");
    expect((await laptop.vouch("status")).stderr).toBe("Next: `vouch enroll`.\n");

    const second = await enroll([...written, ...tools], async (at) => {
      await at.see(`Security key: known at ${serverUrl} for ${person.email}.`);
      await at.see(`AWS role: ${names.roleArn}, in ${names.region}.`);
      await typePin(at);
      await at.see("Which repository");
      at.type("\x03");
    });
    expectEnd(second, 130);
    const third = await enroll([...tools, "--repository", "staging"], async (at) => {
      await at.see("Session: until");
    });
    expectEnd(third, 0);
    expect(settings().repositories.map(({ repository }) => repository)).toEqual(["staging"]);
  });

  test("takes everything from flags but code and PIN, and a second laptop's key without a code", async () => {
    const all = [...written, ...tools, "--domain", names.domain, "--repository", names.repository];
    const code = await laptop.invite();
    expectEnd(await enroll(all, (at) => untilNames(at, code)), 0);
    laptop.env["VOUCH_CONFIG"] = join(laptop.folder, "second/config.json");
    laptop.env["VOUCH_RUNTIME_DIR"] = join(laptop.folder, "run-2");
    const second = await enroll(all, async (at) => {
      await answer(at, "Enrolment code (Enter: the key is enrolled already): ", "");
      await typePin(at);
    });
    const screen = expectEnd(second, 0);
    expect(screen.split("PIN of").length).toBe(2);
    expect(screen).toContain("Session: until");
    await laptop.vouch("agent", "stop");
  });

  test("names the page that gives codes where the server has single sign-on, and asks for the code as ever", async () => {
    await laptop.stopServer();
    const sso = ["--sso-issuer", "http://127.0.0.1:9", "--sso-client-id", "vouch", "--sso-name", "Acme login"];
    await laptop.startServer(...sso);
    const sentence = `No code yet? Open ${serverUrl}/enroll in a browser and sign in with Acme login: the page shows one.`;
    for (const flags of [tools, ["--key-only"]]) {
      const run = await enroll(["--server", serverUrl, ...flags], async (at) => {
        await at.see("Enrolment code");
        at.type("\x03");
      });
      expect(expectEnd(run, 130).replaceAll(/\s+/g, " ")).toContain(sentence);
    }
  });

  test("says the real cause when the repository does not answer, and what is done stays", async () => {
    laptop.sandbox.account.deniedActions.add("codeartifact:ReadFromRepository");
    const code = await laptop.invite();
    const run = await enroll([...written, ...tools, "--repository", names.repository], (at) => untilNames(at, code));
    const screen = expectEnd(run, 1);
    expect(screen).toContain("it refuses the role (HTTP 403)");
    expect(screen).toContain("needs codeartifact:ReadFromRepository");
    expect(screen.replaceAll(/\s+/g, " ")).toContain(
      "if a name is: `vouch enroll --domain DOMAIN --repository REPOSITORY`",
    );
    expect(settings().repositories).toHaveLength(1);
  });

  test("with --key-only makes the key known, and asks for nothing else", async () => {
    const screen = (await laptop.enroll()).screen;
    expect(screen).toContain("Next: `vouch setup aws --role ARN --region REGION`");
    expect((await laptop.vouch("enroll", "--server", serverUrl, "--key-only", "--domain", "my-domain")).exitCode).toBe(
      2,
    );
  });

  test("off a terminal asks nothing but code and PIN, and does of the rest what flags name", async () => {
    const command = ["sh", "-c", 'echo "$CODE" | "$0" enroll "$@"', sandboxExecutable, ...written, ...tools];
    const repository = ["--domain", names.domain, "--repository", names.repository];
    const env = { ...laptop.env, CODE: await laptop.invite() };
    const screen = expectEnd(await runInTerminal([...command, ...repository], { env, cwd: laptop.home }, typePin), 0);
    expect(screen).toContain("Not checked: there is no session.");
    expect(settings().repositories).toHaveLength(1);
    expect(screen).not.toContain("step 1 of");
  });

  test("off a terminal goes on at the server that is known, and does what flags name without a code", async () => {
    expect(await laptop.vouch("enroll")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--server is missing."),
    });
    await laptop.enroll();
    expect(await laptop.vouch("enroll")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("No code came on stdin"),
    });
    const role = ["--role", names.roleArn, "--region", names.region];
    expect(await laptop.vouch("enroll", ...role)).toMatchObject({ exitCode: 0 });
    expect(settings()).toMatchObject({ aws: { roleArn: names.roleArn, region: names.region } });
  });
});

test("a role that may not list is told so, and the names are typed, until they are right", async () => {
  await started();
  for (const action of ["ListDomains", "ListRepositoriesInDomain"]) {
    laptop.sandbox.account.deniedActions.add(`codeartifact:${action}`);
  }
  const code = await laptop.invite();
  const run = await enroll([...written, ...tools], async (at) => {
    await untilNames(at, code);
    await at.see(
      `Your role may not list the domains of the account ${names.account} in ${names.region}: type the names.`,
    );
    await answer(at, "The name of the domain: ", "My Domain");
    await answer(at, "The name of the domain: ", "no-domain");
    await answer(at, `The AWS account that owns it [${names.account}]: `, "");
    await answer(at, "The name of the repository: ", "any");
    await answer(at, "Set up no-domain/any all the same? [y/N]", "");
    await answer(at, "The name of the domain: ", names.domain);
    await answer(at, `The AWS account that owns it [${names.account}]: `, "");
    await at.see(`Your role may not list the repositories of ${names.domain}: type the name.`);
    await answer(at, "The name of the repository: ", "my-rpo");
    await at.see("Repository 'my-rpo' in domain 'my-domain'");
    await answer(at, "The name of the domain: ", names.domain);
    await answer(at, `The AWS account that owns it [${names.account}]: `, "");
    await answer(at, "The name of the repository: ", names.repository);
  });
  expect(expectEnd(run, 0)).toContain("Checked: the npm registry");
});

test("a domain that is typed and that there is not is asked for again at once", async () => {
  await started({
    repositories: [],
    account: ({ deniedActions }) => void deniedActions.add("codeartifact:ListDomains"),
  });
  const code = await laptop.invite();
  const run = await enroll([...written, ...tools], async (at) => {
    await untilNames(at, code);
    await answer(at, "The name of the domain: ", "no-domain");
    await answer(at, `The AWS account that owns it [${names.account}]: `, "");
    await at.see("Domain 'no-domain'");
    await answer(at, "The name of the domain: ", names.domain);
    await answer(at, `The AWS account that owns it [${names.account}]: `, "");
  });
  expect(expectEnd(run, 0)).toContain("the only one in");
});

test("a single domain and a single repository are not asked about", async () => {
  await started({ repositories: [] });
  const code = await laptop.invite();
  const run = await enroll([...written, ...tools], (at) => untilNames(at, code));
  expect(expectEnd(run, 0)).toContain(`The repository is ${names.repository}, the only one in ${names.domain}.`);
});

test("an account without a domain in the region has its names typed, and a wrong role is named as the cause", async () => {
  await started({ account: ({ domains }) => void domains.splice(0) });
  const code = await laptop.invite();
  const run = await enroll([...written, ...tools], async (at) => {
    await untilNames(at, code);
    await at.see(`AWS lists no domains of the account ${names.account} in ${names.region}: type the names.`);
    await at.see("The name of the domain: ");
    at.type("\x03");
  });
  expectEnd(run, 130);
  const other = await enroll(["--role", `${names.roleArn}-of-nobody`], async () => {});
  const screen = expectEnd(other, 5);
  expect(screen).toContain("AWS STS refused AssumeRoleWithWebIdentity");
  expect(screen.replaceAll(/\s+/g, " ")).toContain(
    "run `vouch enroll`. If the role or the region is wrong: `vouch enroll --role ARN --region REGION`. What is done stays.",
  );
  expect(screen).not.toContain("vouch login");
  const mended = await enroll(["--role", names.roleArn], async (at) => {
    await at.see("The name of the domain: ");
    at.type("\x03");
  });
  expectEnd(mended, 130);
});

test.skipIf(!requires("npm"))(
  "the tools that are installed are set up, and PATH is asked about",
  async () => {
    await started();
    laptop.env["SHELL"] = "/bin/bash";
    laptop.env["PATH"] = laptop.env["PATH"]!.split(":")
      .filter((each) => each !== laptop.shims)
      .join(":");
    const code = await laptop.invite();
    const run = await enroll([...written, "--repository", names.repository], async (at) => {
      await untilNames(at, code);
      await answer(at, "installed? [Y/n]", "n");
      await answer(at, "? With commas between: ", "npn");
      await at.see("Expected names among ");
      await answer(at, "? With commas between: ", "npm");
      await at.see("through a link to Vouch");
      await answer(at, "Put the shims folder first on PATH", "n");
    });
    expectEnd(run, 0);
    expect(existsSync(join(laptop.home, ".bashrc"))).toBe(false);
    expect(Object.keys(settings().repositories[0]!.files)).toEqual(["npm"]);

    const second = await enroll([], (at) => answer(at, "Put the shims folder first on PATH", "n"));
    expect(expectEnd(second, 0)).not.toContain("Nothing is missing");
    const third = expectEnd(await enroll(["--path", "yes"], async () => {}), 0);
    expect(third.indexOf("Open a new shell")).toBeGreaterThan(third.indexOf("Checked: the npm registry"));
    expect(readFileSync(join(laptop.home, ".bashrc"), "utf8")).toContain("vouch");
    expect((await laptop.vouch("doctor")).stdout).toContain("Open a new shell, or type in this one: ");
  },
  120_000,
);
