/** `vouch server signing-keys replace-lost` as a process. */
import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;

let folder: string;
let given: string[];

async function vouch(...args: string[]) {
  const child = Bun.spawn([process.execPath, main, "server", ...args], {
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      NO_COLOR: "1",
      VOUCH_DATABASE: `sqlite:${join(folder, "vouch.db")}`,
    },
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const keys = async () => JSON.parse((await vouch("signing-keys", "list", "--json")).stdout) as { kid: string }[];
const replaceLost = (...args: string[]) => vouch("signing-keys", "replace-lost", ...args);

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(`sqlite:${join(folder, "vouch.db")}`, { create: false, now: 1 });
  await work(store);
  await store.close();
}

beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  given = ["--key-encryption-key", `file:${join(folder, "kek")}`];
  writeFileSync(join(folder, "kek"), Buffer.alloc(32, 3).toString("base64"), { mode: 0o600 });
  expect((await vouch("init", "--url", "https://vouch.example.com", ...given)).code).toBe(0);
});

test("keys whose key-encryption key is lost give way to one that signs at once, under a new one", async () => {
  await vouch("signing-keys", "rotate", ...given);
  const before = await keys();
  expect(before).toHaveLength(2);
  const identity = { issuer: "https://login.example.com", subject: "sub-1" };
  const token = JSON.stringify({ by: "kek", kek: "lost", iv: "AAAA", ciphertext: "AAAA" });
  const users = async () => JSON.parse((await vouch("users", "--json")).stdout);
  await withStore(async ({ accounts, identities }) => {
    await identities.add(identity, (await accounts.add("dev@example.com", 1))!.id, 1);
    await identities.seen(identity, 1, token);
  });
  expect(await users()).toMatchObject([{ recheck: "asked" }]);
  writeFileSync(join(folder, "kek"), Buffer.alloc(32, 4).toString("base64"));
  const run = await replaceLost(...given, "--json");
  expect(run.code).toBe(0);
  const made = JSON.parse(run.stdout);
  expect(made.droppedRefreshTokens).toBe(1);
  expect(await users()).toMatchObject([{ recheck: null }]);
  expect((await vouch("users", "--sso-recheck", "login")).stdout).toContain("the identity provider is not asked");
  expect((await vouch("users")).stdout).not.toContain("identity provider");
  expect(made.lost.toSorted()).toEqual(before.map(({ kid }) => kid).toSorted());
  expect(await keys()).toMatchObject([{ kid: made.kid, state: "signing", protection: { by: "kek" } }]);
  expect(await vouch("check", ...given, "--listen", "127.0.0.1:0")).toMatchObject({ code: 0 });
  const audit = JSON.parse((await vouch("audit", "--json")).stdout);
  expect(audit.slice(-3)).toMatchObject([
    { event: "signing_key_retired", detail: { kid: made.lost[0], was: "lost" } },
    { event: "signing_key_retired", detail: { kid: made.lost[1], was: "lost" } },
    { event: "signing_key_made", detail: { kid: made.kid, isEmergency: true } },
  ]);
});

test("keys that can be used are not replaced, nor encrypted ones by one in clear text", async () => {
  const before = await keys();
  const usable = await replaceLost(...given);
  expect(usable.code).toBe(1);
  expect(usable.stderr).toContain("is not lost: it can be used");
  expect(usable.stderr).toContain("vouch server signing-keys rotate");
  const inClearText = await replaceLost();
  expect(inClearText.code).toBe(2);
  expect(inClearText.stderr).toContain("would lie in clear text");
  expect(await keys()).toEqual(before);
});

test("a key whose protection cannot be read is listed, and replaced by one that is protected", async () => {
  const database = new Database(join(folder, "vouch.db"));
  database.run("UPDATE signing_keys SET protection = 'damaged'");
  database.close();
  const [{ kid } = { kid: "" }] = await keys();
  expect(await keys()).toMatchObject([{ state: "signing", protection: { by: "unreadable" }, problem: null }]);
  expect((await vouch("signing-keys", "list")).stdout).toMatch(
    new RegExp(`${kid} +signing since .* unreadable: of a newer Vouch, or damaged`),
  );
  expect((await replaceLost()).stderr).toContain("would lie in clear text");
  expect(JSON.parse((await replaceLost(...given, "--json")).stdout).lost).toEqual([kid]);
});

test("beside a server, which may still have the key open, nothing is replaced", async () => {
  const url = `sqlite:${join(folder, "vouch.db")}`;
  const server = await openStore(url, { create: false, now: Math.floor(Date.now() / 1000) });
  // The first read opens the log.
  const [key] = await server.signingKeys.all();
  writeFileSync(join(folder, "other"), Buffer.alloc(32, 4).toString("base64"), { mode: 0o600 });
  const wrong = ["--key-encryption-key", `file:${join(folder, "other")}`];
  const refused = await replaceLost(...wrong);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("is in use");
  expect(refused.stderr).toContain("Stop the server first.");
  expect(await server.signingKeys.all()).toEqual([key!]);
  await server.close();
  expect((await replaceLost(...wrong)).code).toBe(0);
});
