/** Commands on PostgreSQL as processes: those that want it alone, and what they say where it refuses them. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SQL } from "bun";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { credential } from "../store/contract/database.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const now = Math.floor(Date.now() / 1000);

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  let folder: string;
  let url: string;
  let sql: SQL;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server?.remove());

  async function vouch(args: string[], database = url) {
    const child = Bun.spawn([process.execPath, main, "server", ...args], {
      env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: database },
      cwd: folder,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, stdout, stderr };
  }
  const open = () => openStore(url, { create: false, now });

  beforeEach(async () => {
    folder = tempFolderUntil(onTestFinished);
    url = await server.database();
    sql = lookInto(url);
    onTestFinished(async () => await sql.close());
    writeFileSync(join(folder, "kek"), Buffer.alloc(32, 3).toString("base64"), { mode: 0o600 });
    const init = ["init", "--url", "https://vouch.example.com", "--key-encryption-key", "file:kek"];
    expect(await vouch(init)).toMatchObject({ code: 0 });
  });

  test("sessions end by `restore`, and keys give way by `replace-lost`, when no server uses the database any more", async () => {
    const serving = await open();
    await serving.transaction(async ({ accounts, credentials, sessions }) => {
      const user = await accounts.invite("dev@example.com", "code", now, now + 9);
      await credentials.add(credential(user.id, "key-1", "first"));
      await sessions.add("token", { user, jkt: "j", credentialId: "key-1", createdAt: now, expiresAt: now + 999 });
    });
    const kids = async () => (await sql`SELECT kid FROM signing_keys`).map(({ kid }: { kid: string }) => kid);
    const before = await kids();
    writeFileSync(join(folder, "other"), Buffer.alloc(32, 4).toString("base64"), { mode: 0o600 });
    const replace = ["signing-keys", "replace-lost", "--key-encryption-key", "file:other"];
    for (const args of [["restore"], replace]) {
      const refused = await vouch(args);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain("is in use by a Vouch server or command.");
      expect(refused.stderr).toContain("Stop every server first.");
    }
    expect((await vouch(["restore", "--dry-run", "--key-encryption-key", "file:kek"])).code).toBe(0);
    expect((await serving.sessions.find("token"))?.revoked).toBe(false);
    expect(await kids()).toEqual(before);
    await serving.close();
    expect(await vouch(["restore"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Ended 1 session") });
    expect(await vouch(replace)).toMatchObject({ code: 0 });
    expect(await kids()).not.toEqual(before);
  });

  test("a database with a trigger or rule that is none of Vouch's is not called whole", async () => {
    await sql.unsafe("CREATE RULE kept AS ON UPDATE TO sessions DO INSTEAD NOTHING");
    for (const more of [["--dry-run"], []]) {
      const { code, stdout, stderr } = await vouch(["restore", ...more]);
      expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining("view kept") });
    }
  });

  test("tables that another role has restored, and a database that is missing, are no fault of Vouch", async () => {
    await sql.unsafe(`DROP ROLE IF EXISTS ordinary; CREATE ROLE ordinary LOGIN`).simple();
    const ordinary = url.replace("vouch@", "ordinary@");
    const missing = `${url}_missing`;
    for (const args of [["restore"], ["restore", "--dry-run"], ["users"], ["check", "--listen", "127.0.0.1:0"]]) {
      for (const [database, says, advice] of [
        [ordinary, "the user may not do that there", "pg_restore --no-owner --role=USER"],
        [missing, "there is no such database", "createdb --owner=USER NAME"],
      ] as const) {
        const { code, stdout, stderr } = await vouch(args, database);
        expect({ args, code }).toEqual({ args, code: 1 });
        expect(stdout + stderr).toContain(says);
        expect(stdout + stderr).toContain(advice);
        expect(stdout + stderr).not.toContain("fault in Vouch");
      }
    }
  });
});
