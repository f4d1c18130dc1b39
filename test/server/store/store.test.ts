/** SQLite: how its file is kept. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { VouchError } from "../../../src/base/errors.ts";
import { defaultAudience, initializeServer } from "../../../src/server/initialize.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const now = 1_800_000_000;
let folder: string;
let path: string;
let store: Store;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "state", "vouch.db");
  store = await openStore(`sqlite:${path}`, { create: true, now });
});
afterEach(async () => {
  await store.close();
});

const refused = async (url: string, create = true): Promise<VouchError> => {
  try {
    await (await openStore(url, { create, now })).close();
  } catch (error) {
    if (error instanceof VouchError) return error;
    throw error;
  }
  throw new Error(`${url} was opened`);
};

describe("the database file", () => {
  test("is readable to the owner alone, with the files beside it and its folder", async () => {
    await initializeServer(store, "https://vouch.example.com", [defaultAudience], now);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is made private again when it is open to others", async () => {
    await store.close();
    chmodSync(path, 0o644);
    store = await openStore(`sqlite://${path}`, { create: false, now });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is not created by a command that expects it", async () => {
    const missing = join(folder, "missing.db");
    const error = await refused(`sqlite:${missing}`, false);
    expect(error.code).toBe("settings_missing");
    expect(error.hint).toContain("vouch server init");
    expect(existsSync(missing)).toBe(false);
  });

  test("must have a version that this program knows", async () => {
    const other = join(folder, "other.db");
    writeFileSync(other, "not a database, but long enough to have a header of one\n".repeat(20));
    expect((await refused(`sqlite:${other}`)).code).toBe("file_error");
    const sql = new SQL({ adapter: "sqlite", filename: path });
    await sql`INSERT INTO schema_versions (version, applied_at, needs) VALUES (99, ${now}, 99)`;
    await sql.close();
    const newer = await refused(`sqlite:${path}`);
    expect(newer.code).toBe("settings_invalid");
    expect(newer.hint).toContain("newer Vouch");
  });

  test.each(["mysql://vouch:password@db/vouch", "sqlite:", "/var/lib/vouch.db", ""])(
    'is named by a URL, not "%s"',
    async (url) => {
      const error = await refused(url);
      expect(error.code).toBe("usage");
      expect(error.message).not.toContain("password");
    },
  );
});

test("several processes that open a new database at once make its tables once", async () => {
  const fresh = join(folder, "fresh.db");
  const script = `
    import { openStore } from ${JSON.stringify(new URL("../../../src/server/store/open.ts", import.meta.url).pathname)};
    const store = await openStore("sqlite:${fresh}", { create: true, now: ${now} });
    await store.accounts.invite(process.argv.at(-1), process.argv.at(-1), ${now}, ${now + 10});
    await store.close();`;
  const processes = ["a", "b", "c", "d"].map((name) =>
    Bun.spawn([process.execPath, "-e", script, name], { stdout: "pipe", stderr: "pipe" }),
  );
  for (const child of processes) {
    const [code, errors] = [await child.exited, await new Response(child.stderr).text()];
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  }
  const opened = await openStore(`sqlite:${fresh}`, { create: false, now });
  expect((await opened.accounts.users(now)).map(({ email }) => email)).toEqual(["a", "b", "c", "d"]);
  await opened.close();
});
