/** `vouch server groups` as processes: what they change, print and refuse. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const database = `sqlite:${join(folder, "vouch.db")}`;

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, main, "server", ...args, "--database", database], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" },
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vouch("groups", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}
const json = async (...args: string[]) => JSON.parse(await said(...args, "--json"));

beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
  await vouch("invite", "dev@example.com");
});

test("groups are made, filled, listed, renamed, emptied and removed, and the audit log has who did it", async () => {
  expect(await said("list")).toBe("There is no group yet: vouch server groups add NAME\n");
  expect(await said("add", "Team A")).toBe(
    'Made the group Team A. Add people: vouch server groups join "Team A" EMAIL\n',
  );
  const { id } = await json("add", "data");
  expect(await said("members", "Team A")).toBe("Nobody is in Team A yet.\n");
  expect(await said("join", "Team A", "Dev@Example.com")).toBe("dev@example.com is in Team A now.\n");
  expect(await said("join", "Team A", "dev@example.com")).toBe("dev@example.com was in Team A already.\n");
  expect(await said("list")).toBe("Team A  (by an administrator; people: 1)\ndata  (by an administrator; people: 0)\n");
  expect(await json("list")).toMatchObject([
    { name: "Team A", members: 1 },
    { id, name: "data" },
  ]);
  expect(await said("members", "Team A")).toBe("dev@example.com  (by an administrator)\n");
  expect(await json("members", "Team A")).toMatchObject([{ email: "dev@example.com", sources: ["local"] }]);
  expect(await said("rename", "Team A", "Team B")).toBe("The group Team A is called Team B now.\n");
  expect(await said("leave", "Team B", "dev@example.com")).toBe("dev@example.com is not in Team B any more.\n");
  expect(await said("leave", "Team B", "dev@example.com")).toBe("dev@example.com was not in Team B.\n");
  expect(await json("remove", "Team B")).toEqual({ name: "Team B", members: 0 });
  expect((await json("list")).map(({ name }: { name: string }) => name)).toEqual(["data"]);
  const { stdout } = await vouch("audit", "--json");
  const entries = JSON.parse(stdout).filter(({ event }: { event: string }) => event.startsWith("group_"));
  expect(entries.map(({ event }: { event: string }) => event)).toEqual([
    "group_added",
    "group_added",
    "group_joined",
    "group_renamed",
    "group_left",
    "group_removed",
  ]);
  for (const { by, address } of entries) expect({ by, address }).toEqual({ by: expect.any(String), address: null });
});

test.each<[string, string[], number, string]>([
  ["a name that no group has", ["add", "a,b"], 2, "Expected the name of a group"],
  ["a name that ends in a space", ["add", "team "], 2, "no space last"],
  ["a name that is taken", ["add", "data"], 1, 'There is a group "data" already.'],
  ["a name that a sign-on may have made", ["add", "data"], 1, "Add people to it: `vouch server groups join data EMAIL"],
  ["no such group", ["join", "nothing", "dev@example.com"], 1, 'There is no group "nothing".'],
  ["nobody", ["join", "data", "nobody@example.com"], 1, "There is no user nobody@example.com."],
  ["somebody new", ["join", "data", "nobody@example.com"], 1, "`vouch server invite nobody@example.com"],
  ["no address", ["join", "data", "nobody"], 2, "Expected an email address"],
])("%s is refused", async (_what, args, code, words) => {
  const answer = await vouch("groups", ...args);
  expect(answer).toMatchObject({ code, stdout: "" });
  expect(answer.stderr).toContain(words);
});
