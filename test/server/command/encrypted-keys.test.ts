/** `vouch server` with a key-encryption key, as processes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../src/server/store/open.ts";
import { requiresMountNamespace } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const path = join(folder, "vouch.db");
const kek = join(folder, "kek");
const otherKek = join(folder, "other-kek");
const secret = Buffer.alloc(32, 3).toString("base64");
const source = ["--key-encryption-key", `file:${kek}`];

const start = (args: string[], env?: Record<string, string>) => spawn([process.execPath, main, "server", ...args], env);

function spawn(command: string[], env: Record<string, string> = {}) {
  const all = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: `sqlite:${path}`, ...env };
  return Bun.spawn(command, {
    env: all,
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
}

const vouch = (args: string[], env?: Record<string, string>) => run([process.execPath, main, "server", ...args], env);

async function run(command: string[], env: Record<string, string> = {}) {
  const child = spawn(command, env);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(stdout + stderr).not.toContain(secret.slice(0, 20));
  return { code: await child.exited, stdout, stderr };
}

/** Starts a server, ends it, and returns what it logged. */
async function served(args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = start(["run", "--listen", "127.0.0.1:0", ...args], env);
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value ?? []).toString()).toContain("listening on");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  return await new Response(child.stderr).text();
}

const protections = async () =>
  JSON.parse((await vouch(["signing-keys", "list", "--json"])).stdout).map(
    ({ protection }: { protection: unknown }) => protection,
  );

beforeAll(async () => {
  writeFileSync(kek, `${secret}\n`, { mode: 0o600 });
  writeFileSync(otherKek, Buffer.alloc(32, 4).toString("base64"), { mode: 0o600 });
  await vouch(["init", "--url", "https://vouch.example.com"]);
});

test("a server in clear text says so, is encrypted while it runs, and then starts with its key alone", async () => {
  expect(await served([])).toContain('"event":"signing_keys_in_clear_text"');
  // With a key-encryption key that nothing is encrypted under yet, it starts and says the same.
  expect(await served(source)).toContain('"event":"signing_keys_in_clear_text"');
  expect(await protections()).toEqual([null]);
  expect((await vouch(["signing-keys", "list"])).stdout).toContain("  in clear text\n");

  const child = start(["run", "--listen", "127.0.0.1:0"]);
  await child.stdout.getReader().read();
  const encrypted = await vouch(["signing-keys", "encrypt", ...source]);
  expect({ code: encrypted.code, stderr: encrypted.stderr }).toEqual({ code: 0, stderr: "" });
  expect(encrypted.stdout).toContain("Encrypted 1 signing key under");
  expect(encrypted.stdout).not.toContain("old pages");
  // A server that cannot open the next key answers 503 when it begins to sign: first the servers, then the rotation.
  expect(encrypted.stdout).toMatch(
    /1\. Give every server [^]*restart it[^]*\n2\. Then [^]*vouch server signing-keys rotate --key-encryption-key \S+\n/,
  );
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  const [protection] = await protections();
  expect(protection).toEqual({ by: "kek", kek: expect.stringMatching(/^[\w-]{16}$/) });

  expect(await served(source)).toBe("");
  expect(await served([], { VOUCH_KEY_ENCRYPTION_KEY: "env:KEK", KEK: secret })).toBe("");
  expect(await served(["--key-encryption-key", "credential:kek"], { CREDENTIALS_DIRECTORY: folder })).toBe("");

  const before = readFileSync(path);
  const missing = await vouch(["run", "--listen", "127.0.0.1:0"]);
  expect(missing).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("no key-encryption key is given"),
  });
  const wrong = await vouch(["run", "--listen", "127.0.0.1:0", "--key-encryption-key", `file:${otherKek}`]);
  expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("is not encrypted under") });
  const refused = await vouch(["signing-keys", "rotate"]);
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("in clear text") });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(await protections()).toEqual([protection]);

  const backup = await vouch(["backup", join(folder, "copy.db")]);
  expect(backup.stdout).toContain("of no use without the key-encryption key");
});

test("the key-encryption key is changed, and a new signing key is encrypted under it", async () => {
  const change = ["signing-keys", "encrypt", "--key-encryption-key", `file:${otherKek}`];
  const unnamed = await vouch(change);
  expect(unnamed.code).toBe(1);
  expect(unnamed.stderr).toMatch(/is encrypted under another key-encryption key than .* with --previous /s);
  const changed = await vouch([...change, "--previous", `file:${kek}`, "--json"]);
  expect(changed).toMatchObject({ code: 0, stderr: "" });
  const { kek: name, encrypted, oldContentRemoved } = JSON.parse(changed.stdout);
  expect({ number: encrypted.length, oldContentRemoved }).toEqual({ number: 1, oldContentRemoved: true });
  expect((await vouch(change)).stdout).toContain("Every signing key is encrypted");
  expect((await vouch(["signing-keys", "rotate", "--key-encryption-key", `file:${otherKek}`])).code).toBe(0);
  expect(await protections()).toEqual([
    { by: "kek", kek: name },
    { by: "kek", kek: name },
  ]);
  const toEveryServer = "Give it to every server";
  for (const [settings, problem, advice] of [
    [[], "no key-encryption key is given", toEveryServer],
    [source, "is not encrypted under", `The list says under which it is.*${toEveryServer}`],
    [["--key-encryption-key", `file:${join(folder, "none")}`], "cannot be read", toEveryServer],
    [["--key-encryption-key", `file:${otherKek}`], undefined, ""],
  ] as const) {
    const { code, stdout } = await vouch(["signing-keys", "list", ...settings]);
    expect(code).toBe(0);
    if (problem === undefined) expect(stdout).not.toContain("Warning");
    else
      expect(stdout).toMatch(
        new RegExp(`Warning: .*${problem}.*\\n.*answers 503 from .*\n.*${advice}[^]*signing-keys retire`),
      );
    const [waiting, signing] = JSON.parse((await vouch(["signing-keys", "list", "--json", ...settings])).stdout);
    expect(signing.problem).toBeNull();
    expect(waiting.problem).toEqual(problem === undefined ? null : expect.stringContaining(problem));
  }
  expect(await served(["--key-encryption-key", `file:${otherKek}`])).toBe("");
});

test("of a waiting key whose row is damaged it says so, and not that a server lacks something", async () => {
  const copy = join(folder, "damaged.db");
  await vouch(["backup", copy]);
  const database = new Database(copy);
  const changed = `json_set(protection, '$.iv', '${"A".repeat(16)}')`;
  for (const damage of [changed, "'damaged'"]) {
    database.run(
      `UPDATE signing_keys SET protection = ${damage} WHERE signs_from = (SELECT max(signs_from) FROM signing_keys)`,
    );
    const args = ["signing-keys", "list", "--key-encryption-key", `file:${otherKek}`];
    const { stdout } = await vouch(args, { VOUCH_DATABASE: `sqlite:${copy}` });
    expect(stdout).toMatch(/Warning: .*cannot be opened[^]*restore a backup/);
    expect(stdout).not.toContain("every server");
  }
  database.close();
});

test("the command needs a key, and does not take the key itself", async () => {
  expect(await vouch(["signing-keys", "encrypt"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("openssl rand"),
  });
  expect(await vouch(["run", "--key-encryption-key", secret])).toMatchObject({ code: 2, stdout: "" });
});

test("the file of a key-encryption key is warned of where everybody may read it, refused where others may write it", async () => {
  const fresh = { VOUCH_DATABASE: `sqlite:${join(folder, "modes.db")}` };
  await vouch(["init", "--url", "https://vouch.example.com"], fresh);
  const open = join(folder, "open-kek");
  writeFileSync(open, secret);
  const encrypt = ["signing-keys", "encrypt", "--key-encryption-key", `file:${open}`];
  chmodSync(open, 0o660);
  const refused = await vouch(encrypt, fresh);
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(`Others may write ${open}.`) });
  chmodSync(open, 0o644);
  const warned = await vouch(encrypt, fresh);
  expect(warned.code).toBe(0);
  expect(warned.stderr).toBe(`warning: Everybody on this machine may read ${open}. Run \`chmod 600 ${open}\`.\n`);
  expect(await served(["--key-encryption-key", `file:${open}`], fresh)).toContain('"event":"secret_readable"');
});

test("a server that is made with a key-encryption key is encrypted from its first moment", async () => {
  const fresh = { VOUCH_DATABASE: `sqlite:${join(folder, "fresh.db")}` };
  expect((await vouch(["init", "--url", "https://vouch.example.com", ...source], fresh)).code).toBe(0);
  const { stdout } = await vouch(["signing-keys", "list"], fresh);
  expect(stdout).toContain("  encrypted under ");
  expect(await served(source, fresh)).toBe("");
});

test.skipIf(!requiresMountNamespace())(
  "keys that are encrypted on a nearly full disk are said to be, with what is left to do",
  async () => {
    const database = join(folder, "large.db");
    const fresh = { VOUCH_DATABASE: `sqlite:${database}` };
    await vouch(["init", "--url", "https://vouch.example.com"], fresh);
    const store = await openStore(`sqlite:${database}`, { create: false, now: 1 });
    for (let index = 0; index < 500; index++)
      await store.sessions.rememberProof(`${index}${"x".repeat(4000)}`, 2 ** 40);
    await store.close();
    // The database has room there, and not once more.
    const size = statSync(database).size + 400_000;
    const command = [process.execPath, main, "server", "signing-keys", "encrypt", ...source];
    const inside = `mount -t tmpfs -o size=${size} none /mnt && cp ${database} /mnt/vouch.db && "$@"; echo "ended with $?"`;
    const { stdout, stderr } = await run(["unshare", "--mount", "sh", "-c", inside, "sh", ...command], {
      VOUCH_DATABASE: "sqlite:/mnt/vouch.db",
    });
    expect(stdout).toContain("Encrypted 1 signing key under");
    expect(stdout).toContain("vouch server signing-keys rotate");
    expect(stdout).toContain("ended with 1");
    expect(stderr).toContain("The keys are encrypted now; only the clean-up failed");
    expect(stderr).toContain("run the same command again");
  },
);
