/** What a server announces, on a laptop: the first day, later changes, what is declined, withdrawn and taken away. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ended, type Laptop, person, serverUrl, startLaptop } from "../laptop.ts";
import { type Person, type TerminalRun } from "../pty.ts";
import { names } from "../sandbox/main.ts";

let laptop: Laptop;
beforeEach(async () => {
  laptop = await startLaptop({ repositories: ["staging"] });
});
afterEach(() => laptop.stop());

const role = { roleArn: names.roleArn, region: names.region };
const repository = (name: string, more: object = {}) => ({
  domain: names.domain,
  domainOwner: names.account,
  region: names.region,
  repository: name,
  tools: ["npm"],
  ...more,
});
const company = { aws: role, repositories: [repository(names.repository)] };
const question = "Set all of this up on this machine? [y/N]";

async function announce(body: object): Promise<void> {
  const path = join(laptop.folder, "company.json");
  writeFileSync(path, JSON.stringify(body));
  await server("profiles", "set", "company", path);
}
const server = (...args: string[]) =>
  ended(laptop.vouch("server", ...args, "--database", `sqlite:${join(laptop.folder, "server.db")}`));

const read = (path: string) => readFileSync(join(laptop.home, path), "utf8");
const settings = () => JSON.parse(read(".config/vouch/config.json"));

async function answer({ see, type }: Person, asked: string, text: string): Promise<void> {
  await see(asked);
  type(`${text}\r`);
}
const typePin = (at: Person) => answer(at, "PIN of your security key", person.pin);

/** On one line, as it may be wrapped. */
function said({ exitCode, screen }: TerminalRun, expected = 0): string {
  expect(`exit code ${exitCode}\n${exitCode === expected ? "" : screen}`).toBe(`exit code ${expected}\n`);
  return stripVTControlCharacters(screen).replaceAll(/\s+/g, " ");
}

/** A login, at whose end the question is answered, if it is to be asked. */
async function login(reply?: "y" | "n"): Promise<string> {
  const run = await laptop.atTerminal(["login"], async (at) => {
    await typePin(at);
    if (reply !== undefined) await answer(at, question, reply);
  });
  const screen = said(run);
  if (reply === undefined) expect(screen).not.toContain(question);
  return screen;
}

test("the first day asks for code, PIN and one yes: role and repository come from the server", async () => {
  await announce(company);
  const code = await laptop.invite();
  const run = await laptop.atTerminal(["enroll", "--server", serverUrl, "--path", "no"], async (at) => {
    await answer(at, "Enrolment code", code);
    await typePin(at);
    await at.see("Session (step 2 of 4)");
    await typePin(at);
    await at.see(`+ role ${names.roleArn}`);
    await answer(at, question, "y");
  });
  const screen = said(run);
  expect(screen).toContain(`${serverUrl} announces for this machine:`);
  expect(screen).toContain(
    `+ repository ${names.domain}/${names.repository} of ${names.account}, in ${names.region}, for npm`,
  );
  expect(screen).toContain(`AWS role: ${names.roleArn}, in ${names.region}.`);
  expect(screen).toContain("Checked: the npm registry");
  expect(screen).not.toContain("The ARN of your AWS role");
  expect(settings()).toMatchObject({
    server: { url: serverUrl },
    aws: role,
    repositories: [{ repository: names.repository, files: { npm: expect.any(String) } }],
    announced: { server: serverUrl, accepted: company },
  });
  expect(read(".npmrc")).toContain(names.repository);
  await login();
  expect(await ended(laptop.vouch("setup", "--json"))).toBe(
    `${JSON.stringify({ server: serverUrl, changes: [], notes: [], changed: false }, null, 2)}\n`,
  );
});

test("Enter alone, a no and Ctrl-C set up nothing, and a no is not asked again until something else is announced", async () => {
  await laptop.enroll();
  await announce(company);
  const before = settings();
  const cancelled = await laptop.atTerminal(["login"], async (at) => {
    await typePin(at);
    await at.see(question);
    at.type("\x03");
  });
  said(cancelled, 130);
  expect(settings()).toEqual(before);
  const screen = said(
    await laptop.atTerminal(["login"], async (at) => {
      await typePin(at);
      await answer(at, question, "");
    }),
  );
  expect(screen).toContain("Nothing has been changed. `vouch setup` shows it again.");
  const { announced, ...rest } = settings();
  expect(rest).toEqual(before);
  expect(announced).toEqual({ server: serverUrl, declined: expect.stringMatching(/^[\w-]{43}$/) });
  expect(existsSync(join(laptop.home, ".npmrc"))).toBe(false);
  await login();
  await announce({ ...company, profiles: [{ name: "ops", ...role }] });
  expect(await login("n")).toContain(`+ profile ops: role ${names.roleArn}`);
});

test("off a terminal nothing is set up without --yes, and the difference is there to read", async () => {
  await laptop.enroll();
  expect(await laptop.vouch("setup")).toMatchObject({ exitCode: 4 });
  await login();
  await announce(company);
  const refused = await laptop.vouch("setup");
  expect(refused.exitCode).toBe(2);
  expect(refused.stdout).toContain(`  + role ${names.roleArn}`);
  expect(refused.stderr).toContain("Accept it with `vouch setup --yes`.");
  expect(await ended(laptop.vouch("setup", "--dry-run"))).toBe(refused.stdout);
  expect(JSON.parse(await ended(laptop.vouch("setup", "--json")))).toMatchObject({
    changes: [{ sign: "+", text: expect.stringContaining(names.roleArn) }, { sign: "+" }],
    changed: false,
  });
  expect(settings()).not.toHaveProperty("aws");
  expect(JSON.parse(await ended(laptop.vouch("setup", "--yes", "--json")))).toMatchObject({ changed: true });
  expect(settings()).toMatchObject({ aws: role, announced: { accepted: company } });
});

test("a change of the role, two groups at once, and a withdrawal are shown and set up", async () => {
  await laptop.enroll();
  await announce(company);
  await login("y");
  for (const [group, name] of [
    ["platform", "staging"],
    ["ops", "none"],
  ] as const) {
    await server("groups", "add", group);
    await server("groups", "join", group, person.email);
    const path = join(laptop.folder, `${group}.json`);
    const theirs = { repositories: [repository(name, { extra: true, npmScopes: [`@${group}`] })] };
    writeFileSync(path, JSON.stringify(group === "ops" ? { profiles: [{ name: "ops", ...role }] } : theirs));
    await server("profiles", "set", group, path, "--group", group);
  }
  const other = { ...company, aws: { ...role, roleArn: `${names.roleArn}-2` } };
  await announce(other);
  const changed = await login("y");
  expect(changed).toContain(
    `- role ${names.roleArn}, in ${names.region} + role ${names.roleArn}-2, in ${names.region}`,
  );
  expect(changed).toContain("npm scopes @platform, beside the public registry");
  expect(settings()).toMatchObject({ aws: other.aws, profiles: { ops: role } });
  expect(
    settings()
      .repositories.map((each: { repository: string }) => each.repository)
      .toSorted(),
  ).toEqual([names.repository, "staging"].toSorted());
  expect(read(".npmrc")).toContain("@platform:registry");

  await server("groups", "leave", "platform", person.email);
  await server("groups", "remove", "ops");
  const withdrawn = await login("y");
  expect(withdrawn).toContain("- profile ops:");
  expect(withdrawn).toContain(`- repository ${names.domain}/staging`);
  expect(settings()).not.toHaveProperty("profiles");
  expect(read(".npmrc")).not.toContain("@platform");

  expect(await laptop.vouch("setup", "--remove")).toMatchObject({ exitCode: 2 });
  await ended(laptop.vouch("setup", "--remove", "--yes"));
  expect(existsSync(join(laptop.home, ".npmrc"))).toBe(false);
  expect(settings()).toMatchObject({ repositories: [], announced: { declined: expect.any(String) } });
  expect(settings()).not.toHaveProperty("aws");
  await login();
  expect(await ended(laptop.vouch("setup", "--remove"))).toBe("");
});

test("what a person set up by hand is shown before it is replaced, and stays on a no", async () => {
  await laptop.enroll();
  await laptop.setUpAws();
  await ended(
    laptop.vouch("setup", "codeartifact", "--domain", names.domain, "--repository", "staging", "--tool", "npm"),
  );
  const before = settings();
  writeFileSync(join(laptop.home, "pip.conf"), "[global]\nindex-url = https://pypi.acme.example/simple/\n");
  laptop.env["PIP_CONFIG_FILE"] = join(laptop.home, "pip.conf");
  const npmrc = read(".npmrc");
  const repositories = [repository(names.repository, { tools: ["npm", "pip"] })];
  await announce({ aws: { ...role, roleArn: `${names.roleArn}-2` }, repositories });
  const screen = await login("n");
  expect(screen).toContain("pip.conf: index-url = https://pypi.acme.example/simple/");
  expect(screen).toContain(`- role ${names.roleArn}, in ${names.region} (as set on this machine)`);
  expect(screen).toContain(
    `- default: ${names.domain}/staging of ${names.account}, in ${names.region} (as set on this machine) + default: ${names.domain}/${names.repository} of ${names.account}, in ${names.region}`,
  );
  const { announced: _, ...after } = settings();
  expect(after).toEqual(before);
  expect(read(".npmrc")).toBe(npmrc);
  expect(read("pip.conf")).not.toContain("vouch");
});

test("what fails on the way leaves the session and what is done, and is shown again", async () => {
  await laptop.enroll();
  const profiles = [{ name: "ops", ...role }];
  await announce({ aws: role, profiles, repositories: [repository("not-there"), ...company.repositories] });
  const screen = await login("y");
  expect(screen).toContain("Logged in as");
  expect(screen).not.toContain(".npmrc: registry=");
  expect(screen).toContain("Repository 'not-there' in domain");
  expect(screen).toContain("`vouch setup` tries it again, and says what to do.");
  expect(settings()).toMatchObject({ aws: role, repositories: [{ repository: names.repository }] });
  expect(settings()).toMatchObject({ announced: { unfinished: true } });
  const { changes } = JSON.parse(await ended(laptop.vouch("setup", "--json")));
  expect(changes.map(({ text }: { text: string }) => text.split(" of ")[0])).toEqual([
    `repository ${names.domain}/not-there`,
  ]);
  const again = await laptop.vouch("setup", "--yes");
  expect([again.exitCode, again.stderr]).toEqual([
    1,
    expect.stringContaining(`${serverUrl} announces these names: tell the people who run it. All else is set up;`),
  ]);
  expect(await login("n")).toContain(`+ repository ${names.domain}/not-there`);
  await ended(laptop.vouch("setup", "--remove", "--yes"));
  expect(settings()).toMatchObject({ repositories: [], announced: { declined: expect.any(String) } });
  expect(settings()).not.toHaveProperty("profiles");
  expect(settings()).not.toHaveProperty("aws");
});

test("a repository of the same name elsewhere, which a person set up, is not replaced", async () => {
  await laptop.enroll();
  const place = ["--domain", "their-domain", "--domain-owner", "210987654321", "--region", names.region];
  await ended(laptop.vouch("setup", "codeartifact", ...place, "--repository", names.repository, "--tool", "pip"));
  await announce({ ...company, repositories: [repository(names.repository, { tools: ["npm", "pip"] })] });
  const screen = await login("y");
  expect(screen).toContain(
    `- default: their-domain/${names.repository} of 210987654321, in ${names.region} (as set on this machine)`,
  );
  // What Vouch wrote into pip.conf for the other one is no line of the person's.
  expect(screen).not.toContain("pip.conf: keyring-provider");
  const found = settings().repositories.map(({ domain }: { domain: string }) => domain);
  expect(found).toEqual(["their-domain", names.domain]);
});
