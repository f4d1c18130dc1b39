/** The record of who asked: through the agent's socket, cached answers and refusals among them. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { answeredQuestion, isOperation, questionOf } from "../../../src/agent/record/questions.ts";
import { Record } from "../../../src/agent/record/record.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { rejection } from "../../rejection.ts";
import { AgentHarness, cargoUrl, repository } from "../harness.ts";
import type { Who } from "../../../src/agent/record/askers.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { ManualClock } from "../manual-clock.ts";

const entries = async (since?: number) => (await askAgent(routes.record, since === undefined ? {} : { since })).entries;
const program = join(import.meta.dir, "../programs/ask.ts");

const version = 1;
const configured: Settings = { version, repositories: [repository] };

const who = (more: Pick<Partial<Who>, "asker"> = {}): Who => ({
  asker: undefined,
  above: [],
  own: "10 5",
  program: "1 1",
  startedAt: "5",
  isKept: false,
  ...more,
});

test("every answer is recorded with its asker, those from the cache too, one entry for the same again", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  for (let times = 0; times < 3; times++) await harness.token();
  const found = (await entries()).filter(({ operation }) => operation === "token");
  expect(found).toMatchObject([{ count: 3, target: cargoUrl, outcome: "ok" }]);
  expect(found[0]!.askers[0]).toMatchObject({ pid: process.pid });
  expect(found[0]!.askers[1]).toMatchObject({ pid: process.ppid });
});

test("another process is another entry, below its parent", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const child = Bun.spawn([process.execPath, program, routes.token, JSON.stringify({ url: cargoUrl })], {
    env: process.env,
  });
  await child.exited;
  const [asker, parent] = (await entries()).find(({ operation }) => operation === "token")!.askers;
  expect([asker!.pid, parent!.pid]).toEqual([child.pid, process.pid]);
});

test("a refusal is recorded with its code, and so is a request of the wrong form", async () => {
  await using harness = new AgentHarness();
  await rejection(askAgent(routes.token, { url: "https://elsewhere.example/x?secret=1" }));
  await rejection(askAgent(routes.roleCredentials, { nonsense: true }));
  expect(await entries()).toMatchObject([
    { operation: "token", target: "https://elsewhere.example/x", outcome: "not_configured", count: 1 },
    { operation: "AWS credentials", outcome: expect.any(String), count: 1 },
  ]);
  expect(harness.upstream.counts.token).toBe(0);
});

test("none of several hundred asks at once is missing", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await Promise.all(Array.from({ length: 300 }, () => harness.token()));
  const counted = (await entries()).filter(({ operation }) => operation === "token");
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(300);
});

test("looking is not recorded, and --since leaves out what was asked before", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await askAgent(routes.status);
  const before = (await entries()).map(({ operation }) => operation);
  expect(before).toEqual(["login start", "login finish"]);
  harness.clock.pass(60);
  await harness.token();
  expect((await entries(harness.clock.now() / 1000)).map(({ operation }) => operation)).toEqual(["token"]);
});

test("the record has a thousand answers at most, and says how many are left out", () => {
  const record = new Record(new ManualClock());
  for (let number = 0; number < 1_500; number++) record.add({ operation: `number ${number}` }, "ok", who());
  const { entries: kept, leftOut } = record.since();
  expect([kept.length, kept[0]!.operation, kept.at(-1)!.operation]).toEqual([1_000, "number 500", "number 1499"]);
  expect(leftOut).toBe(500);
});

test("refusals push no answer out, and other claims make no other entry", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await harness.token();
  const elsewhere = "sparse+https://elsewhere.example/";
  const ask = async (number: number) =>
    rejection(
      askAgent(routes.cargo, {
        v: 1,
        kind: "get",
        registry: { "index-url": elsewhere },
        operation: "publish",
        name: `${"é".repeat(150)}-${number}`,
        vers: "1",
      }),
    );
  for (let number = 0; number < 1_200; number += 50) {
    await Promise.all(Array.from({ length: 50 }, async (_, index) => ask(number + index)));
  }
  const { entries: found, leftOut } = await askAgent(routes.record, {});
  expect(found.filter(({ operation }) => operation === "token")).toHaveLength(1);
  const refused = found.filter(({ operation }) => operation === "cargo publish");
  expect(refused).toMatchObject([{ count: 1_200, outcome: "not_configured" }]);
  expect(refused[0]!.claims.length).toBeLessThanOrEqual(20);
  expect(leftOut).toBe(0);
});

test("a reply holds no more than a client takes, the newest", () => {
  const record = new Record(new ManualClock());
  const asker = { name: "漢".repeat(5), pid: 1, startedAt: "1", executable: "漢".repeat(200) };
  for (let number = 0; number < 1_000; number++) {
    record.add({ operation: `${number} ${"漢".repeat(150)}`, target: "漢".repeat(200) }, "ok", who({ asker }));
  }
  const { entries: shown, leftOut } = record.since();
  expect(shown.length).toBeLessThan(1_000);
  expect(shown.length + leftOut).toBe(1_000);
  expect(shown.at(-1)!.operation).toStartWith("999 ");
});

test("reads push out no change, nor one that can publish, of memory or of a reply", () => {
  const record = new Record(new ManualClock());
  const asker = { name: "worm", pid: 1, startedAt: "1", executable: "漢".repeat(200) };
  record.add({ operation: "keys add finish", list: "changed" }, "ok", who());
  record.add({ operation: "cargo publish", list: "published" }, "ok", who());
  for (let number = 0; number < 2_900; number++) {
    record.add({ operation: `cargo read ${number}`, target: "漢".repeat(200) }, "ok", who({ asker }));
  }
  // Nor does one that says that it publishes push out a change.
  for (let number = 0; number < 1_500; number++) {
    record.add({ operation: `cargo publish ${number}`, target: "漢".repeat(200), list: "published" }, "ok", who());
  }
  const { entries: shown, leftOut } = record.since();
  expect(shown[0]!.operation).toBe("keys add finish");
  expect(shown.length + leftOut).toBe(1 + 2_900 + 1_501);
  expect(shown.filter(({ operation }) => operation.startsWith("cargo publish"))).not.toHaveLength(0);
});

describe("a program that floods the record", () => {
  const process = (pid: number, name: string) => ({ pid, name, startedAt: `${pid}`, executable: `/usr/bin/${name}` });
  const [session, shell, editor, npm] = [
    process(2, "systemd"),
    process(3, "bash"),
    process(4, "code"),
    process(5, "npm"),
  ];
  /** Ten rows of two programs of the person, one in the same shell, before anything else. */
  function quiet(record: Record): void {
    for (let number = 0; number < 5; number++) {
      const here = { ...who({ asker: process(6, "cargo") }), above: [shell, session] };
      const there = { ...who({ asker: process(7, "pip") }), above: [editor, session] };
      record.add({ operation: `quiet ${number}` }, "not_configured", here);
      record.add({ operation: `quiet ${number}` }, "not_configured", there);
    }
  }

  test.each<[string, (number: number) => Who]>([
    ["itself", () => ({ ...who({ asker: process(8, "worm") }), above: [npm, shell, session] })],
    [
      "by children of its own",
      (number) => ({
        ...who({ asker: process(1_000 + number, "worm") }),
        own: `${number}`,
        program: `${number}`,
        above: [process(8, "worm"), npm, shell, session],
      }),
    ],
    [
      "by children that leave it",
      (number) => ({
        ...who({ asker: process(1_000 + number, "worm") }),
        own: `${number}`,
        program: `${number}`,
        above: [],
      }),
    ],
    [
      "by children that have ended",
      (number) => ({
        ...who({ asker: { pid: 1_000 + number, name: "(ended)", startedAt: "" } }),
        own: `${number} ended`,
        program: `${number} ended`,
        above: [],
      }),
    ],
  ])("%s, pushes out its own rows alone, of memory and of a reply", (_, flooder) => {
    const record = new Record(new ManualClock());
    quiet(record);
    for (let number = 0; number < 5_000; number++) {
      record.add({ operation: `flood ${number}`, target: "漢".repeat(200) }, "not_configured", flooder(number));
    }
    const { entries: shown, leftOut } = record.since();
    expect(shown.filter(({ operation }) => operation.startsWith("quiet"))).toHaveLength(10);
    expect(shown.at(-1)!.operation).toBe("flood 4999");
    expect(shown.length + leftOut).toBe(5_010);
  });
});

test("what a reply of the record leaves out is counted for a time that it belongs to", () => {
  const clock = new ManualClock();
  const record = new Record(clock);
  for (let number = 0; number < 1_200; number++) record.add({ operation: `number ${number}` }, "ok", who());
  clock.pass(60);
  const later = clock.now() / 1000;
  record.add({ operation: "later" }, "ok", who());
  expect(record.since().leftOut).toBe(201);
  expect(record.since(later)).toMatchObject({ entries: [{ operation: "later" }], leftOut: 0 });
});

test("refusals take no answer's place in a reply that does not hold all", () => {
  const record = new Record(new ManualClock());
  const asker = { name: "worm", pid: 1, startedAt: "1", executable: "x".repeat(200) };
  record.add({ operation: "token" }, "ok", who({ asker }));
  for (let number = 0; number < 1_000; number++) {
    record.add({ operation: `cargo read ${number}`, target: "漢".repeat(200) }, "not_configured", who({ asker }));
  }
  const { entries: shown, leftOut } = record.since();
  expect(shown[0]!.operation).toBe("token");
  expect(shown.at(-1)!.operation).toBe("cargo read 999");
  expect(shown.length).toBeLessThan(1_001);
  expect(shown.length + leftOut).toBe(1_001);
});

test("another program of the same name below the same parent is an entry of its own", () => {
  const record = new Record(new ManualClock());
  const asker = { pid: 10, name: "vouch", startedAt: "5" };
  record.add({ operation: "token" }, "ok", who({ asker }));
  record.add({ operation: "token" }, "ok", who({ asker: { ...asker, executable: "/tmp/vouch" } }));
  expect(record.since().entries).toHaveLength(2);
});

describe("of a question the record keeps what it is and where to", () => {
  const cargo = (operation: string, more = {}) => ({
    v: 1,
    kind: "get",
    registry: { "index-url": `sparse+${cargoUrl}` },
    operation,
    ...more,
  });

  test.each<[string, (typeof routes)[keyof typeof routes], unknown, object]>([
    ["Cargo's read", routes.cargo, cargo("read"), { operation: "cargo read", target: cargoUrl }],
    [
      "Cargo's publish, with what it claims",
      routes.cargo,
      cargo("publish", { name: "my-crate", vers: "0.2.0" }),
      { operation: "cargo publish", target: cargoUrl, claim: "my-crate 0.2.0", list: "published" },
    ],
    [
      "a token",
      routes.token,
      { url: `${cargoUrl}?t=1#x`, purpose: "publish" },
      { operation: "token to publish", target: cargoUrl, list: "published" },
    ],
    [
      "a URL with a password",
      routes.token,
      { url: "https://aws:secret@h.example/x" },
      { operation: "token", target: "https://h.example/x" },
    ],
    ["what is no URL", routes.token, { url: "secret" }, { operation: "token" }],
    ["all of a format", routes.environment, { format: "npm" }, { operation: "tokens", target: "npm", isProgram: true }],
    [
      "a token in a name",
      routes.roleCredentials,
      { roleArn: `a${"Zz09".repeat(12)}` },
      { operation: "AWS credentials", target: "[redacted]" },
    ],
    [
      "a touch",
      routes.publishStart,
      { claim: { operation: "publish", name: "a\u001b[2J", version: "1" } },
      { operation: "touch to publish", claim: "a\ufffd[2J 1", list: "published" },
    ],
    [
      "a claim without the token that it was cut within",
      routes.cargo,
      cargo("publish", { name: `${"n".repeat(30)}.eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZXYifQ1.c2ln.ZZSECRET`, vers: "1" }),
      { operation: "cargo publish", target: cargoUrl, claim: `${"n".repeat(30)}.[redacted] 1`, list: "published" },
    ],
    [
      "a text without the token at the end of what is looked at",
      routes.roleCredentials,
      { roleArn: `aB3${"Zz09".repeat(1_010)} ${"Zz09".repeat(20)}` },
      { operation: "AWS credentials", target: "[redacted]" },
    ],
    [
      "a URL that is not configured without parameters",
      routes.token,
      { url: "https://elsewhere.example/x/;token=SECRET" },
      { operation: "token", target: "https://elsewhere.example/x/" },
    ],
    ["a change", routes.keyAddFinish, {}, { operation: "keys add finish", list: "changed" }],
    ["nothing", routes.token, null, { operation: "token" }],
    ["a list", routes.cargo, [], { operation: "cargo read" }],
    ["fields of other types", routes.cargo, { registry: 7, operation: {} }, { operation: "cargo read" }],
    [
      "a long text",
      routes.roleCredentials,
      { roleArn: "x".repeat(9_999) },
      { operation: "AWS credentials", target: "x".repeat(200) },
    ],
  ])("%s", (_, route, body, expected) => expect(questionOf(route, body)).toEqual(expected as never));
});

test("of a URL within a configured endpoint the endpoint is kept, and nothing behind it", () => {
  const asked = (url: string) => questionOf(routes.token, { url }, configured)!.target;
  expect(asked(`${cargoUrl};token=SECRET`)).toBe(cargoUrl);
  expect(asked(`${cargoUrl}a/SECRET/b`)).toBe(cargoUrl);
  const registry = { "index-url": `sparse+${cargoUrl}SECRET` };
  expect(questionOf(routes.cargo, { registry, operation: "read" }, configured)!.target).toBe(cargoUrl);
});

test.each(Object.values(routes))("the record reads its own name of %s in a file", (route) => {
  const asked = questionOf(route, {});
  if (asked !== undefined) expect(isOperation(asked.operation)).toBe(true);
});

test("a question that names no URL is for the endpoints that are configured", () => {
  const npm = repository.endpoints.npm!;
  const target = (body: object, many = [repository]) =>
    questionOf(routes.tokens, body, { version, repositories: many })!.target;
  expect(target({ format: "npm" })).toBe(npm);
  expect(target({})).toBe(`${cargoUrl}, ${npm}`);
  expect(
    target(
      { format: "npm" },
      Array.from({ length: 9 }, () => repository),
    ),
  ).toEndWith(`${npm}, and 5 more`);
  expect(target({ format: "npm" }, [])).toBe("npm");
  expect(target({ format: 7 })).toBeUndefined();
  const asked = questionOf(routes.token, { format: "cargo" }, configured)!;
  expect(answeredQuestion(asked, routes.token, { endpoint: cargoUrl })).toMatchObject({ target: cargoUrl });
});
