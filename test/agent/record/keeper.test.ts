/** The record's files: what the agent writes, when it cannot, and what `vouch log` reads of them. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readFileSync, rmdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { whyUnwritten } from "../../../src/agent/process/private-file.ts";
import { Keeper } from "../../../src/agent/record/keeper.ts";
import type { RecordEntry } from "../../../src/agent/record/entry.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { KeptFiles } from "../../../src/cli/commands/log/kept-files.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, cargoUrl, repository } from "../harness.ts";
import { roleArn } from "../upstream.ts";

function growing(id: string, more: Partial<RecordEntry> = {}) {
  const held: RecordEntry = {
    id,
    first: 1,
    last: 2,
    count: 1,
    operation: "token",
    claims: [],
    outcome: "ok",
    askers: [{ pid: 7, name: "x", startedAt: "2026-11-28T09:00:00.000Z", arguments: ["npm", "***"] }],
    ...more,
  };
  return { held, entry: () => structuredClone(held) };
}

const idsIn = (folder: string) => [...new KeptFiles(folder).read().keys()];
const linesOf = (folder: string, name = "asked.jsonl") => readFileSync(join(folder, name), "utf8").trim().split("\n");

describe("the agent with --keep", () => {
  const settings = { repositories: [repository], aws: { roleArn } };

  test("writes answers and refusals, each into its file, for the user alone, without tokens", async () => {
    using folder = tempFolder();
    const state = join(folder.path, "state/vouch");
    await using harness = new AgentHarness(undefined, { recordFolder: state });
    harness.configure({ ...settings, log: { keep: true, arguments: true } });
    await harness.login();
    for (let times = 0; times < 3; times++) await harness.token();
    await rejection(askAgent(routes.token, { url: "https://elsewhere.example/x" }));
    await harness.agent.record.keeper!.flush();
    const kept = [...new KeptFiles(state).read().values()];
    const { entries } = await askAgent(routes.record, {});
    expect(kept.toSorted((one, other) => one.id!.localeCompare(other.id!))).toEqual(
      entries.toSorted((one, other) => one.id!.localeCompare(other.id!)),
    );
    expect(linesOf(state, "changed.jsonl").join()).toContain("login finish");
    expect(kept.find(({ operation, outcome }) => operation === "token" && outcome === "ok")).toMatchObject({
      count: 3,
      target: cargoUrl,
    });
    expect(linesOf(state, "refused.jsonl")).toHaveLength(1);
    for (const name of ["changed.jsonl", "asked.jsonl", "refused.jsonl"])
      expect(statSync(join(state, name)).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(state, "asked.jsonl"), "utf8")).not.toContain((await harness.token()).token);
    if (process.platform === "linux") expect(kept[0]!.askers[0]!.arguments).toBeArray();
  });

  test("has written what changes something, or can publish, before the answer is there", async () => {
    using folder = tempFolder();
    await using harness = new AgentHarness(undefined, { recordFolder: folder.path });
    harness.configure({ ...settings, log: { keep: true } });
    await harness.login();
    await askAgent(routes.token, { url: cargoUrl, purpose: "publish" });
    expect([...new KeptFiles(folder.path).read().values()].map(({ operation }) => operation)).toEqual([
      "login finish",
      "token to publish",
    ]);
  });

  test("follows the setting at once, and writes nothing without it", async () => {
    using folder = tempFolder();
    const state = join(folder.path, "state");
    await using harness = new AgentHarness(undefined, { recordFolder: state });
    await harness.login();
    await harness.agent.record.keeper!.flush();
    expect(idsIn(state)).toEqual([]);
    harness.configure({ ...settings, log: { keep: true } });
    await harness.token();
    await harness.agent.record.keeper!.flush();
    const kept = [...new KeptFiles(state).read().values()];
    expect(kept.map(({ operation }) => operation)).toEqual(["token"]);
    expect(kept[0]!.askers[0]).not.toHaveProperty("arguments");
  });
});

describe("the files", () => {
  test("hold an entry as it was last, also when it grows later", async () => {
    using folder = tempFolder();
    const keeper = new Keeper(folder.path);
    const one = growing("a-1");
    keeper.note("asked", one);
    await keeper.flush();
    one.held.count = 5;
    keeper.note("asked", one);
    keeper.note("asked", one);
    await keeper.flush();
    expect(linesOf(folder.path)).toHaveLength(2);
    expect(new KeptFiles(folder.path).read().get("a-1")).toEqual(one.entry());
  });

  test("are rotated before they exceed their limit", async () => {
    using folder = tempFolder();
    const keeper = new Keeper(folder.path, 2_000);
    for (let number = 0; number < 40; number++) {
      keeper.note("asked", growing(`a-${number}`));
      await keeper.flush();
      expect(statSync(join(folder.path, "asked.jsonl")).size).toBeLessThanOrEqual(2_000);
    }
    const ids = idsIn(folder.path);
    expect(ids.at(-1)).toBe("a-39");
    // What is left is whole: the last ones, without a gap.
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => `a-${40 - ids.length + index}`));
    expect(ids.length).toBeGreaterThan(linesOf(folder.path).length);
  });

  test.each(["asked", "changed"] as const)(
    "say since when they begin where a predecessor has gone (%s)",
    async (list) => {
      using folder = tempFolder();
      const keeper = new Keeper(folder.path, 2_000);
      const files = new KeptFiles(folder.path);
      for (let number = 0; files.gone.size === 0 && number < 1_000; number++) {
        keeper.note(list, growing(`a-${number}`));
        await keeper.flush();
        files.read();
      }
      const fresh = new KeptFiles(folder.path);
      expect(fresh.read().size).toBeLessThan(files.read().size);
      expect([...fresh.gone]).toEqual([[`${list}.jsonl`, expect.any(Number)]]);
      expect(fresh.gone.get(`${list}.jsonl`)).toBeLessThanOrEqual(Date.now() / 1000 + 1);
      expect([fresh.broken, fresh.lost]).toEqual([0, 0]);
      expect(statSync(join(folder.path, `${list}.jsonl`)).size).toBeLessThanOrEqual(2_000);
    },
  );

  test("of what changes something hold it when it has been noted, and each new claim, also after a failure", async () => {
    using folder = tempFolder();
    const keeper = new Keeper(folder.path);
    mkdirSync(join(folder.path, "changed.jsonl"));
    keeper.note("changed", growing("c-1"));
    expect(keeper.state.failure).toBe("it is not a regular file");
    rmdirSync(join(folder.path, "changed.jsonl"));
    writeFileSync(join(folder.path, "changed.jsonl"), '{"v":1,"id":"cut-o');
    const two = growing("c-2");
    keeper.note("changed", two);
    expect(idsIn(folder.path)).toEqual(["c-1", "c-2"]);
    expect(keeper.state).toEqual({ folder: folder.path, lost: 0 });
    two.held.claims.push("my-crate 1");
    keeper.note("changed", two, true);
    expect(new KeptFiles(folder.path).read().get("c-2")!.claims).toEqual(["my-crate 1"]);
    // Only its count has grown: that has time.
    two.held.count = 2;
    keeper.note("changed", two);
    expect(new KeptFiles(folder.path).read().get("c-2")!.count).toBe(1);
    await keeper.flush();
    expect(new KeptFiles(folder.path).read().get("c-2")!.count).toBe(2);
  });

  test("get what waited once they can be written again, and say what had to be dropped", async () => {
    using folder = tempFolder();
    const keeper = new Keeper(folder.path);
    mkdirSync(join(folder.path, "asked.jsonl"));
    keeper.note("asked", growing("a-0"));
    await keeper.flush();
    expect(keeper.state).toEqual({ folder: folder.path, lost: 0, failure: "it is not a regular file" });
    for (let number = 1; number < 1_500; number++) keeper.note("asked", growing(`a-${number}`));
    keeper.note("refused", growing("r-1"));
    await keeper.flush();
    expect(keeper.state.lost).toBe(500);
    expect(idsIn(folder.path)).toEqual(["r-1"]);
    rmdirSync(join(folder.path, "asked.jsonl"));
    await keeper.flush();
    expect(keeper.state).toEqual({ folder: folder.path, lost: 0 });
    const files = new KeptFiles(folder.path);
    expect(files.read().size).toBe(1_001);
    expect([files.lost, files.broken]).toEqual([500, 0]);
  });

  test.each(["asked", "changed"] as const)("that cannot be written (%s) say why in words", async (list) => {
    using folder = tempFolder();
    const keeper = new Keeper(join(folder.path, "x".repeat(300)));
    keeper.note(list, growing("a-1"));
    await keeper.flush();
    expect(keeper.state.failure).toBe("its path is too long");
    expect(whyUnwritten(Object.assign(new Error("EIO: i/o error, close"), { code: "EIO" }))).toBe(
      "the system refuses it (EIO)",
    );
  });

  test("are not written through a link, nor one of others' making", async () => {
    using folder = tempFolder();
    const target = join(folder.path, "target");
    writeFileSync(target, "mine\n");
    symlinkSync(target, join(folder.path, "asked.jsonl"));
    const keeper = new Keeper(folder.path);
    keeper.note("asked", growing("a-1"));
    await keeper.flush();
    expect(keeper.state.failure).toBe("it is a symbolic link");
    expect(readFileSync(target, "utf8")).toBe("mine\n");
  });

  test("lose one line only to one that was cut off", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "asked.jsonl"), '{"v":1,"id":"cut-o');
    const keeper = new Keeper(folder.path);
    keeper.note("asked", growing("a-1"));
    await keeper.flush();
    const files = new KeptFiles(folder.path);
    expect([...files.read().keys()]).toEqual(["a-1"]);
    expect(files.broken).toBe(1);
  });

  test("are read on from where they were read, over a rotation", async () => {
    using folder = tempFolder();
    const keeper = new Keeper(folder.path, 2_000);
    const files = new KeptFiles(folder.path);
    for (let number = 0; number < 60; number++) {
      keeper.note("asked", growing(`a-${number}`));
      await keeper.flush();
      files.read();
    }
    expect([...files.read().keys()]).toEqual(Array.from({ length: 60 }, (_, number) => `a-${number}`));
    expect(files.broken).toBe(0);
  });

  const line = JSON.stringify({ v: 1, ...growing("a-1").entry() });
  test.each<[string, string]>([
    ["no JSON", "hello"],
    ["another program's JSON", '{"level":"info"}'],
    ["a version that is not known", line.replace('"v":1', '"v":2')],
    ["a number that is none", line.replace('"count":1', '"count":1e400')],
    ["an operation that Vouch does not have", line.replace('"token"', '"keys steal"')],
    ["an id of another form", line.replace('"a-1"', '"a 1"')],
    ["a time beyond all", line.replace('"last":2', '"last":9007199254740991')],
    ["no object", "[1]"],
    ["bytes that are no text", "\u0000\ufffd\u0001"],
    ["a line that is far too long", "x".repeat(3 << 20)],
  ])("count %s and are read on", (_, foreign) => {
    using folder = tempFolder();
    const path = join(folder.path, "asked.jsonl");
    writeFileSync(path, `${foreign}\n\n${line}\n`);
    const files = new KeptFiles(folder.path);
    expect([...files.read().keys()]).toEqual(["a-1"]);
    expect(files.broken).toBe(1);
    appendFileSync(path, line.replace("a-1", "a-2"));
    expect(files.read().size).toBe(1);
    appendFileSync(path, "\n");
    expect([...files.read().keys()]).toEqual(["a-1", "a-2"]);
    expect(files.broken).toBe(1);
  });

  test("that cannot be read are named", () => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, "asked.jsonl"));
    const files = new KeptFiles(folder.path);
    expect(files.read().size).toBe(0);
    expect([...files.unreadable]).toEqual([[join(folder.path, "asked.jsonl"), "it is not a regular file"]]);
  });

  test("of which there are none say nothing", () => {
    using folder = tempFolder();
    const files = new KeptFiles(join(folder.path, "missing"));
    expect([files.read().size, files.broken, files.unreadable.size]).toEqual([0, 0, 0]);
  });
});
