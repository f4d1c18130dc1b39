/** `vouch server scim` as processes: what it changes, prints and refuses. */
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
  const { code, stdout, stderr } = await vouch("scim", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
  await vouch("invite", "dev@example.com");
});

test("a token is shown once, listed without it, and removed; the audit log has who did it", async () => {
  expect(await said("list")).toBe("There is no token yet: vouch server scim add NAME\n");
  const shown = await said("add", "entra");
  expect(shown).toStartWith("Base URL: https://vouch.example.com/scim/v2\nToken:    vouch-scim-");
  const { name, url, token } = JSON.parse(await said("add", "okta", "--json"));
  expect([name, url]).toEqual(["okta", "https://vouch.example.com/scim/v2"]);
  expect(token).toMatch(/^vouch-scim-[\w-]{43}$/);
  const listed = await said("list");
  expect(listed).toMatch(/^entra {2}\(made .* UTC; never used\)\nokta {2}\(made .* UTC; never used\)\n$/);
  expect(JSON.parse(await said("list", "--json"))).toEqual([
    { name: "entra", createdAt: expect.any(Number), lastUsedAt: null },
    { name: "okta", createdAt: expect.any(Number), lastUsedAt: null },
  ]);
  expect(await said("remove", "entra")).toBe("The token entra is good no more.\n");
  const { stdout } = await vouch("audit", "--json");
  const log = JSON.parse(stdout).filter(({ event }: { event: string }) => event.startsWith("scim_token_"));
  expect(log.map(({ event, detail }: { event: string; detail: object }) => [event, detail])).toEqual([
    ["scim_token_added", { name: "entra" }],
    ["scim_token_added", { name: "okta" }],
    ["scim_token_removed", { name: "entra" }],
  ]);
  expect(stdout).not.toContain(token);
  expect(await Bun.file(join(folder, "vouch.db")).text()).not.toContain(token);
});

test("a person is let be taken up, and taken back", async () => {
  expect(await said("link", "Dev@example.com")).toBe("SCIM takes up dev@example.com when it creates them next.\n");
  expect(await said("unlink", "dev@example.com")).toBe("dev@example.com is SCIM's no more.\n");
  expect(await said("unlink", "dev@example.com")).toBe("dev@example.com was not SCIM's.\n");
});

test.each([
  [["add", "okta"], 1, 'There is a token "okta" already'],
  [["add", "Two words"], 2, "Expected a name for the token"],
  [["remove", "nothing"], 1, 'There is no token "nothing"'],
  [["link", "nobody@example.com"], 1, "There is no user nobody@example.com"],
  [["unlink", "nobody@example.com"], 1, "There is no user nobody@example.com"],
])("%p is refused with %d", async (args, expected, reason) => {
  const { code, stdout, stderr } = await vouch("scim", ...args);
  expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  expect(stderr).toContain(reason);
});
