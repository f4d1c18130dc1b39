/** Commands on the server's machine take away the last administrator who can log in, and say so. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { credential } from "../store/contract/database.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const database = `sqlite:${join(folder, "vouch.db")}`;
const warning = "No administrator can log in any more";

async function said(...args: string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, main, "server", ...args, "--database", database], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" },
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function prepare(work: (store: Store) => Promise<unknown>): Promise<void> {
  const store = await openStore(database, { create: false, now: 1 });
  await work(store);
  await store.close();
}

beforeAll(async () => {
  await said("init", "--url", "https://vouch.example.com");
  await said("admin", "add", "ann@example.com");
  // She has no key: whoever is left with her alone is left with nobody.
  await said("admin", "add", "zed@example.com");
});
beforeEach(async () => {
  await prepare(async ({ accounts, credentials, roles }) => {
    for (const email of ["ann@example.com", "zed@example.com"]) {
      const { id } = (await accounts.findUser(email))!;
      await accounts.setDisabled(id, undefined);
      await roles.setRole(id, "administrator");
      await credentials.removeAll(id);
      if (email.startsWith("ann")) await credentials.add(credential(id, "key"));
    }
  });
});

test.each([
  [["admin", "remove", "ann@example.com"]],
  [["admin", "add", "--auditor", "ann@example.com"]],
  [["disable", "ann@example.com"]],
  [["revoke", "ann@example.com", "--credentials"]],
])("%p warns of the last, and not of one without a key", async (args) => {
  expect(await said(...args.map((arg) => arg.replace("ann", "zed")))).not.toContain(warning);
  expect(await said(...args)).toContain(warning);
});

test("a script is told so, too", async () => {
  expect(JSON.parse(await said("disable", "ann@example.com", "--json"))).toMatchObject({ noAdministratorLeft: true });
  expect(JSON.parse(await said("disable", "ann@example.com", "--json"))).not.toHaveProperty("noAdministratorLeft");
});
