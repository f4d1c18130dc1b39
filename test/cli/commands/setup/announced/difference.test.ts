/** What a person is shown of an announcement: what would change here, and what of it is their own. */
import { beforeAll, afterAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnnouncedBody, AnnouncedRepository } from "../../../../../src/announced/body.ts";
import { differenceOf } from "../../../../../src/cli/commands/setup/announced/difference.ts";
import { summaryOf } from "../../../../../src/cli/commands/setup/announced/offer.ts";
import { expectSound, withRoles } from "../../../../../src/cli/commands/setup/announced/roles.ts";
import type { RepositorySettings, Settings } from "../../../../../src/settings/settings.ts";
import { tempFolderUntil } from "../../../../temp-folder.ts";

const folder = tempFolderUntil(afterAll);
const env = { PATH: folder, HOME: folder };
beforeAll(() => {
  for (const name of ["npm", "pip"]) {
    writeFileSync(join(folder, name), "#!/bin/sh\n");
    chmodSync(join(folder, name), 0o755);
  }
});

const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
const region = "us-east-1";
const empty: Settings = { version: 1, repositories: [] };
const announced = (repository: string, more: Partial<AnnouncedRepository> = {}): AnnouncedRepository => ({
  domain: "my-domain",
  domainOwner: "123456789012",
  region,
  repository,
  ...more,
});
const here = (repository: string, more: Partial<RepositorySettings> = {}): RepositorySettings => ({
  domain: "my-domain",
  domainOwner: "123456789012",
  region,
  repository,
  endpoints: { npm: "https://x.example/npm/" },
  files: { npm: "/x" },
  ...more,
});

const added = (text: string) => ({ sign: "+" as const, text });

test.each<[string, Parameters<typeof summaryOf>[0], string | undefined]>([
  ["twelve lines", Array.from({ length: 12 }, () => added(`role ${arn("a")}`)), undefined],
  [
    "thirteen lines",
    [...Array.from({ length: 12 }, () => added(`role ${arn("a")}`)), { sign: "-", text: "role 999999999999" }],
    "In all 12 lines added, of account 123456789012, and 1 taken away.",
  ],
  [
    "a foreign account among many",
    [
      added("repository a/b of 210987654321, in eu-west-1"),
      ...Array.from({ length: 99 }, () => added(`role ${arn("a")}`)),
    ],
    "In all 100 lines added, of accounts 123456789012, 210987654321, and 0 taken away.",
  ],
  [
    "more accounts than a line takes",
    Array.from({ length: 20 }, (_, number) => added(`role of ${100_000_000_000 + number}`)),
    "In all 20 lines added, of accounts 100000000000, 100000000001, 100000000002, 100000000003, 100000000004, 100000000005, 100000000006, 100000000007 and 12 more, and 0 taken away.",
  ],
])("the summary of %s", (_, given, expected) => {
  expect(summaryOf(given)).toBe(expected);
});

const lines = (body: AnnouncedBody, settings: Settings, accepted?: AnnouncedBody): string[] =>
  differenceOf(body, { accepted, settings, env }).lines.map(({ sign, text }) => `${sign} ${text}`);

describe("a role", () => {
  const aws = { roleArn: arn("new"), region };
  const before = { roleArn: arn("old"), region };

  test.each<[string, Settings["aws"], AnnouncedBody | undefined, string[]]>([
    ["that is new", undefined, undefined, [`+ role ${arn("new")}, in ${region}`]],
    ["that is here already", aws, undefined, []],
    [
      "in place of one that was announced",
      before,
      { aws: before },
      [`- role ${arn("old")}, in ${region}`, `+ role ${arn("new")}, in ${region}`],
    ],
    [
      "in place of a person's own",
      before,
      undefined,
      [`- role ${arn("old")}, in ${region} (as set on this machine)`, `+ role ${arn("new")}, in ${region}`],
    ],
  ])("%s", (_, now, accepted, expected) => {
    const settings = { ...empty, ...(now === undefined ? {} : { aws: now }) };
    expect(lines({ aws }, settings, accepted)).toEqual(expected);
  });

  test("that is announced no longer goes, but none that a person has named since", () => {
    expect(lines({}, { ...empty, aws }, { aws })).toEqual([`- role ${arn("new")}, in ${region}`]);
    expect(lines({}, { ...empty, aws: before }, { aws })).toEqual([]);
    expect(lines({}, { ...empty, aws })).toEqual([]);
  });
});

describe("a profile", () => {
  const acme = { name: "acme", roleArn: arn("acme"), region };

  test("of a person's own, at another server and with folders, is shown before it is replaced; the folders stay", () => {
    const own = { server: "https://other.example", roleArn: arn("mine"), region, folders: ["/home/dev/acme"] };
    const settings = { ...empty, profiles: { acme: own } };
    expect(lines({ profiles: [acme] }, settings)).toEqual([
      `- profile acme: role ${arn("mine")}, in ${region}, at https://other.example (as set on this machine)`,
      `+ profile acme: role ${arn("acme")}, in ${region}`,
    ]);
    const after = withRoles(differenceOf({ profiles: [acme] }, { settings, env }), settings);
    expect(after.profiles).toEqual({ acme: { roleArn: arn("acme"), region, folders: ["/home/dev/acme"] } });
  });

  test("stays as long as a repository of a person's own needs it", () => {
    const settings = {
      ...empty,
      profiles: { acme: { roleArn: arn("acme"), region } },
      repositories: [here("mine", { profile: "acme" })],
    };
    const found = differenceOf({}, { accepted: { profiles: [acme] }, settings, env });
    expect(found).toMatchObject({
      lines: [],
      formerProfiles: [],
      notes: [expect.stringContaining("my-domain/mine needs it")],
    });
    expect(lines({}, { ...settings, repositories: [] }, { profiles: [acme] })).toEqual([
      `- profile acme: role ${arn("acme")}, in ${region}`,
    ]);
  });
});

describe("a repository", () => {
  test("is for those of its package managers that are installed", () => {
    expect(lines({ repositories: [announced("one"), announced("two", { tools: ["npm", "cargo"] })] }, empty)).toEqual([
      `+ repository my-domain/one of 123456789012, in ${region}, for pip and npm`,
      `+ repository my-domain/two of 123456789012, in ${region}, for npm`,
    ]);
  });

  test("without any of its package managers is said, and no change", () => {
    const found = differenceOf({ repositories: [announced("one", { tools: ["cargo"] })] }, { settings: empty, env });
    expect(found).toMatchObject({
      lines: [],
      repositories: [],
      notes: [expect.stringContaining("none of its package managers")],
    });
  });

  test("beside the public registry leaves out those that would mix the two", () => {
    expect(lines({ repositories: [announced("one", { extra: true, npmScopes: ["@acme"] })] }, empty)).toEqual([
      `+ repository my-domain/one of 123456789012, in ${region}, for npm, npm scopes @acme, beside the public registry`,
    ]);
  });

  test("shows every role that leads to it", () => {
    const [role, publish] = [arn("reader"), arn("publisher")];
    const wanted = announced("one", { roleArn: role, publishRoleArn: publish, tools: ["npm"] });
    expect(lines({ repositories: [wanted] }, empty)).toEqual([
      `+ repository my-domain/one of 123456789012, in ${region}, for npm, read as ${role}, published to as ${publish}, by touch`,
    ]);
  });

  test("in place of a person's default one says so", () => {
    const settings = { ...empty, repositories: [here("mine")] };
    expect(lines({ repositories: [announced("one", { tools: ["npm"] })] }, settings).slice(1)).toEqual([
      `- default: my-domain/mine of 123456789012, in ${region} (as set on this machine)`,
      `+ default: my-domain/one of 123456789012, in ${region}`,
    ]);
    expect(lines({ repositories: [announced("one", { extra: true, npmScopes: ["@a"] })] }, settings)).toHaveLength(1);
  });

  test.each<[string, Partial<AnnouncedRepository>]>([
    ["account", { domainOwner: "999999999999" }],
    ["region", { region: "eu-west-1" }],
  ])("in another %s than a person's of the same name is not set up, and says so", (_, elsewhere) => {
    const settings = { ...empty, repositories: [here("one")] };
    const body = { repositories: [announced("one", { tools: ["npm"], ...elsewhere })] };
    const found = differenceOf(body, { settings, env });
    expect(found).toMatchObject({ lines: [], repositories: [] });
    expect(found.notes).toEqual([expect.stringContaining(`my-domain/one of 123456789012, in ${region}`)]);
    const moved = lines(body, settings, { repositories: [announced("one")] });
    expect(moved).toHaveLength(4);
    expect(moved.filter((line) => line.includes("default:"))).toHaveLength(2);
  });

  test("that changes is followed by those after it, so that the last one stays the default one", () => {
    const settings = { ...empty, repositories: [here("one"), here("two")] };
    const body = { repositories: [announced("one", { roleArn: arn("x") }), announced("two")] };
    const found = differenceOf(body, {
      settings,
      accepted: { repositories: [announced("one"), announced("two")] },
      env,
    });
    expect(found.repositories.map(({ wanted }) => wanted.repository)).toEqual(["one", "two"]);
    expect(found.lines).toHaveLength(2);
  });

  test("that is withdrawn goes, from those package managers that it was for; what a person has changed stays", () => {
    const settings = { ...empty, repositories: [here("one", { files: { npm: "/x", pip: "/y" } })] };
    const accepted = { repositories: [announced("one", { tools: ["npm", "pip"] })] };
    expect(lines({}, settings, accepted)).toEqual([
      `- repository my-domain/one of 123456789012, in ${region}, for pip and npm`,
    ]);
    const narrowed = differenceOf(
      { repositories: [announced("one", { tools: ["npm"] })] },
      { settings, accepted, env },
    );
    expect(narrowed.formerRepositories).toMatchObject([{ names: ["pip"] }]);
    const changed = { ...empty, repositories: [here("one", { roleArn: arn("mine") })] };
    const found = differenceOf({}, { settings: changed, accepted, env });
    expect(found).toMatchObject({ lines: [], notes: [expect.stringContaining("changed on this machine")] });
  });
});

describe("what a person named by hand", () => {
  const acme = { name: "acme", roleArn: arn("acme"), region };
  const own = {
    aws: { roleArn: arn("own"), region },
    profiles: { acme: { roleArn: arn("mine"), region, via: [arn("a")] } },
  };
  const body = { aws: { roleArn: arn("new"), region }, profiles: [acme] };

  test("is kept when an announcement takes its place, also when that changes, and is named again when it goes", () => {
    const first = differenceOf(body, { settings: { ...empty, ...own }, env });
    expect(first.replaced).toEqual(own);
    const set = withRoles(first, { ...empty, ...own });
    const changed = { ...body, aws: { roleArn: arn("newer"), region } };
    const second = differenceOf(changed, { accepted: body, replaced: first.replaced, settings: set, env });
    expect(second.replaced).toEqual(own);
    const now = withRoles(second, set);
    const gone = differenceOf({}, { accepted: changed, replaced: second.replaced, settings: now, env });
    expect(gone.lines.filter(({ sign }) => sign === "+").map(({ text }) => text)).toEqual([
      `role ${arn("own")}, in ${region} (as it was set on this machine)`,
      `profile acme: role ${arn("mine")}, in ${region}, by way of ${arn("a")} (as it was set on this machine)`,
    ]);
    expect([gone.formerProfiles, withRoles(gone, now)]).toEqual([[], { ...empty, ...own }]);
    expect(gone.replaced).toEqual({ profiles: {} });
  });

  test.each<[string, Partial<AnnouncedRepository>, string[]]>([
    ["as it is", {}, []],
    ["for another package manager, too", { tools: ["npm", "pip"] }, ["pip"]],
    ["with a role to publish", { publishRoleArn: arn("publisher"), tools: ["npm", "pip"] }, ["pip"]],
  ])("a repository that is announced %s stays when the announcement goes, with its roles", (_, more, gone) => {
    const mine = here("one", { roleArn: arn("mine") });
    const told = { repositories: [announced("one", { roleArn: arn("mine"), tools: ["npm"], ...more })] };
    const first = differenceOf(told, { settings: { ...empty, repositories: [mine] }, env });
    expect(first.replaced.repositories).toEqual([mine]);
    const set = withRoles(first, { ...empty, repositories: [mine] });
    const files = more.tools === undefined ? { npm: "/x" } : { npm: "/x", pip: "/y" };
    const settings = { ...set, repositories: [{ ...set.repositories[0]!, files }] };
    expect(differenceOf(told, { accepted: told, replaced: first.replaced, settings, env }).replaced).toEqual(
      first.replaced,
    );
    const withdrawn = differenceOf({}, { accepted: told, replaced: first.replaced, settings, env });
    expect(withdrawn.formerRepositories.flatMap(({ names }) => names)).toEqual(gone as never[]);
    expect(withRoles(withdrawn, settings).repositories).toEqual([{ ...mine, files }]);
    const hasRole = more.publishRoleArn !== undefined;
    expect(withdrawn.lines.some(({ text }) => text.includes("as it was set on this machine"))).toBe(hasRole);
    expect(withdrawn.replaced.repositories).toEqual([]);
  });

  test("since then is not undone", () => {
    const since = { ...empty, aws: { roleArn: arn("since"), region } };
    const gone = differenceOf({}, { accepted: body, replaced: own, settings: since, env });
    expect(gone).toMatchObject({ lines: [], aws: undefined, profiles: [], replaced: { profiles: {} } });
  });
});

test.each<[string, AnnouncedBody, Settings]>([
  [
    "a role to publish that a person's repository reads with",
    { repositories: [announced("one", { publishRoleArn: arn("mine"), tools: ["npm"] })] },
    { ...empty, repositories: [here("mine", { roleArn: arn("mine") })] },
  ],
  [
    "a role that a person's repository publishes with",
    { aws: { roleArn: arn("publisher"), region } },
    {
      ...empty,
      repositories: [here("mine", { roleArn: arn("mine"), publishRoleArn: arn("publisher") }), here("other")],
    },
  ],
  [
    "a profile in another partition than a person's repository",
    { profiles: [{ name: "acme", roleArn: "arn:aws-cn:iam::123456789012:role/x", region: "cn-north-1" }] },
    { ...empty, profiles: { acme: { roleArn: arn("x"), region } }, repositories: [here("mine", { profile: "acme" })] },
  ],
])("refuses before anything is asked or written: %s", (_, body, settings) => {
  expect(() => expectSound(differenceOf(body, { settings, env }), settings)).toThrow();
});

test("roles of what is set up change together with the role, so that none reads what it publishes in between", () => {
  const settings = {
    ...empty,
    aws: { roleArn: arn("a"), region },
    repositories: [here("one", { publishRoleArn: arn("b") })],
  };
  const body = {
    aws: { roleArn: arn("b"), region },
    repositories: [announced("one", { publishRoleArn: arn("a") })],
  };
  const difference = differenceOf(body, { settings, env });
  expectSound(difference, settings);
  expect(withRoles(difference, settings)).toMatchObject({
    aws: { roleArn: arn("b") },
    repositories: [{ publishRoleArn: arn("a") }],
  });
});
