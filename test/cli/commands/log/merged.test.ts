/** What `vouch log` says is missing, from an agent's memory and from the files. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MergedRecord } from "../../../../src/cli/commands/log/merged.ts";
import { clockTime } from "../../../../src/cli/terminal/time.ts";
import { AgentHarness } from "../../../agent/harness.ts";
import { tempFolder } from "../../../temp-folder.ts";

const who = (isKept: boolean) => ({
  asker: undefined,
  above: [],
  own: "10 5",
  program: "1 1",
  startedAt: "5",
  isKept,
});

test("entries that memory has dropped are told, unless a file was to have them", async () => {
  using folder = tempFolder();
  await using harness = new AgentHarness(undefined, { recordFolder: folder.path });
  const { record } = harness.agent;
  for (let number = 0; number < 1_010; number++) {
    record.add({ operation: `cargo ${number}` }, "ok", who(true));
    if (number % 500 === 0) await record.keeper!.flush();
  }
  await record.keeper!.flush();
  expect((await new MergedRecord().look()).missing).toEqual([]);
  for (let number = 0; number < 1_007; number++) record.add({ operation: `tokens ${number}` }, "ok", who(false));
  const { entries, missing } = await new MergedRecord().look();
  expect(missing).toEqual([expect.stringContaining("7 lines of earlier are left out: the agent remembers the last")]);
  expect(entries.map(({ operation }) => operation)).toContain("cargo 999");
});

test("entries that have gone with a full file are told to who asks for older ones", async () => {
  using folder = tempFolder();
  await using harness = new AgentHarness(undefined, { recordFolder: folder.path });
  expect(harness.agent.record.keeper).toBeDefined();
  const gone = 1_000_000;
  writeFileSync(join(folder.path, "asked.jsonl"), `{"v":1,"gone":${gone}}\n`);
  writeFileSync(join(folder.path, "refused.jsonl.1"), `{"v":1,"gone":${gone + 60}}\n`);
  const missing = async (since?: number) => (await new MergedRecord(since).look()).missing;
  const sentence = `Entries before ${clockTime(gone)} (asked.jsonl), before ${clockTime(gone + 60)} (refused.jsonl) are gone: a full file replaces the one before it.`;
  expect(await missing()).toEqual([sentence]);
  expect(await missing(gone + 30)).toEqual([
    expect.stringContaining(`Entries before ${clockTime(gone + 60)} (refused.jsonl) are gone`),
  ]);
  expect(await missing(gone + 60)).toEqual([]);
});
