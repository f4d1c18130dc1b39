/** `vouch server …` as processes: what they print, the code they end with, a server that runs and stops. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { regionPartition } from "../../../src/aws/partitions.ts";
import { partitionOf, permissionsPolicy, trustPolicy } from "../../../src/server/command/aws-account/aws-trust.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
let database: string;
beforeAll(async () => {
  database = `sqlite:${join(folder, "vouch.db")}`;
  await vouch("init", "--url", "https://vouch.example.com", "--database", database);
});

function start(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  return Bun.spawn([process.execPath, main, "server", ...args], { env, cwd: folder, stdout: "pipe", stderr: "pipe" });
}

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Starts a server and resolves with the address in its first line. */
async function run(...args: string[]) {
  const child = start("run", "--listen", "127.0.0.1:0", "--database", database, ...args);
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  const address = /listening on (\S+)\n/.exec(text)?.[1];
  if (address === undefined) throw new Error(`no address in "${text}": ${await new Response(child.stderr).text()}`);
  return { child, address };
}

test("a list of people as JSON is whole, or nothing is printed", async () => {
  const { code, stdout } = await vouch("users", "--json", "--database", `sqlite:${join(folder, "missing.db")}`);
  expect({ isRefused: code !== 0, stdout }).toEqual({ isRefused: true, stdout: "" });
});

test("a server that makes its database anew says so in its log, and one that finds it does not", async () => {
  const args = ["--url", "https://vouch.example.com", "--database", `sqlite:${join(folder, "new-disk.db")}`];
  for (const isNew of [true, false]) {
    const { child } = await run(...args);
    child.kill("SIGTERM");
    const log = await new Response(child.stderr).text();
    expect(await child.exited).toBe(0);
    expect(log.includes('"event":"database_made"')).toBe(isNew);
    expect(log.includes("new-disk.db was empty")).toBe(isNew);
  }
});

test("a server whose URL has another port of this machine than it listens on says so in its log", async () => {
  const trial = ["--database", `sqlite:${join(folder, "trial.db")}`];
  const { child } = await run("--url", "http://localhost:8787", ...trial);
  child.kill("SIGTERM");
  expect(await new Response(child.stderr).text()).toContain(
    '"event":"port_differs","detail":"http://localhost:8787 has port 8787, and the server listens on',
  );
});

describe("vouch server init", () => {
  test("prints what AWS needs: the provider, the trust policy, the permissions", async () => {
    const { code, stdout, stderr } = await vouch("init", "--url", "https://vouch.example.com/", "--database", database);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(
      "aws iam create-open-id-connect-provider --url https://vouch.example.com --client-id-list sts.amazonaws.com\n",
    );
    const printed = [...stdout.matchAll(/^ {3}\{\n[^]*?^ {3}\}$/gm)].map(([text]) => JSON.parse(text));
    const trusted = { url: "https://vouch.example.com", audiences: ["sts.amazonaws.com"] };
    const at = { ...trusted, account: "123456789012", partition: "aws" };
    expect(printed).toEqual([
      trustPolicy(at),
      permissionsPolicy("read"),
      trustPolicy({ ...at, purpose: "publish" }),
      permissionsPolicy("publish"),
    ]);
    expect(stdout).toMatch(/vouch-developer, which reads[^]*vouch-publisher, which publishes/);
    expect(stdout).toContain("\n   vouch server aws --format cloudformation --url https://vouch.example.com\n");
    expect(stdout).not.toContain("AWS accepts an issuer only");
  });

  test("reports when AWS will not accept the URL", async () => {
    const other = `sqlite:${join(folder, "local.db")}`;
    const { stdout } = await vouch("init", "--url", "http://localhost:8787", "--database", other, "--audience", "a, b");
    expect(stdout).toContain("AWS accepts an issuer only at https without a port");
    expect(stdout).toContain("--client-id-list a b\n");
    // AWS would not take it.
    expect(stdout).not.toContain("vouch server aws");
  });

  test("repeated without --audience changes nothing, and with it the audiences alone", async () => {
    const other = `sqlite:${join(folder, "audiences.db")}`;
    const init = async (...args: string[]) =>
      /--client-id-list (.*)\n/.exec(
        (await vouch("init", "--url", "https://vouch.example.com", "--database", other, ...args)).stdout,
      )?.[1];
    const stored = async () => {
      const store = await openStore(other, { create: false, now: 1_800_000_000 });
      const keys = (await store.signingKeys.all()).map(({ kid }) => kid);
      const found = { ...(await store.configuration.load()), keys };
      await store.close();
      return found;
    };
    expect(await init("--audience", "a,b,a")).toBe("a b");
    const before = await stored();
    expect(before.audiences).toEqual(["a", "b"]);
    expect(await init()).toBe("a b");
    expect(await stored()).toEqual(before);
    expect(await init("--audience", "c")).toBe("c");
    expect(await stored()).toEqual({ ...before, audiences: ["c"] });
    const empty = await vouch("init", "--url", "https://vouch.example.com", "--database", other, "--audience", " , ");
    expect(empty.code).toBe(2);
    expect(await stored()).toEqual({ ...before, audiences: ["c"] });
  });

  test.each([
    ["eu-west-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
    ["us-gov-east-1", "aws-us-gov"],
    ["us-iso-east-1", "aws-iso"],
    ["us-isob-east-1", "aws-iso-b"],
    ["us-isof-south-1", "aws-iso-f"],
    ["eu-isoe-west-1", "aws-iso-e"],
    ["eusc-de-east-1", "aws-eusc"],
  ])("with --region %s names the provider in the partition %s", async (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
    expect(regionPartition(region).id).toBe(partition);
    const policy = trustPolicy({
      url: "https://vouch.example.com",
      audiences: ["sts.amazonaws.com"],
      account: "123456789012",
      partition,
    });
    expect(JSON.stringify(policy)).toContain(
      `"Federated":"arn:${partition}:iam::123456789012:oidc-provider/vouch.example.com"`,
    );
  });

  test("prints GovCloud's provider and trust policy with --region", async () => {
    const args = ["init", "--url", "https://vouch.example.com", "--database", database];
    const { stdout } = await vouch(...args, "--region", "us-gov-west-1");
    expect(stdout).toContain("--client-id-list sts.amazonaws.com --region us-gov-west-1\n");
    expect(stdout).toContain('"arn:aws-us-gov:iam::123456789012:oidc-provider/vouch.example.com"');
    expect(stdout).not.toContain("arn:aws:");
    expect((await vouch(...args, "--region", "GovCloud")).code).toBe(2);
  });

  test("refuses another URL for the same database", async () => {
    const { code, stdout, stderr } = await vouch("init", "--url", "https://b.example.com", "--database", database);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("belongs to https://vouch.example.com");
  });
});

describe("vouch server invite, users and revoke", () => {
  test("list a person who was invited, and end everything of theirs", async () => {
    const invited = await vouch("invite", "Dev@Example.com", "--database", database);
    expect(invited.stdout).toMatch(/^Enrolment code for dev@example\.com: ([0-9A-Z]{4}-){3}[0-9A-Z]{4}\n/);
    expect(invited.stdout).toContain("\n   vouch enroll --server https://vouch.example.com\n");

    const json = await vouch("invite", "dev@example.com", "--database", database, "--json");
    expect(JSON.parse(json.stdout)).toEqual({
      email: "dev@example.com",
      code: expect.stringMatching(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/),
      server: "https://vouch.example.com",
      expiration: expect.any(Number),
    });

    const [user] = JSON.parse((await vouch("users", "--database", database, "--json")).stdout);
    expect(user).toMatchObject({ email: "dev@example.com", sessions: 0, credentials: [] });
    expect((await vouch("users", "--database", database)).stdout).toMatch(
      /^dev@example\.com {2}\(id [0-9a-f-]{36}; sessions: 0, invited until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)\n$/,
    );

    await vouch("invite", "other@example.com", "--database", database);
    const sql = new SQL({ adapter: "sqlite", filename: database.slice("sqlite:".length) });
    await sql`
      INSERT INTO credentials (id, user_id, public_key, counter, aaguid, transports, backup_eligible, backed_up, name,
        created_at, sequence)
      SELECT 'key of ' || email, id, 'AA', 0, '', '[]', 0, 0, 'blue', 0, rowid FROM users`;
    await sql`
      INSERT INTO sessions (token_hash, user_id, jkt, credential_id, created_at, expires_at)
      SELECT 'session of ' || email, id, '', 'key of ' || email, 0, 9999999999 FROM users`;
    const ended = await vouch("revoke", "dev@example.com", "--database", database);
    expect(ended.stdout).toStartWith("Ended 1 session of dev@example.com.\n");
    const live = await sql`SELECT token_hash FROM sessions WHERE revoked_at IS NULL`;
    expect(live).toEqual([{ token_hash: "session of other@example.com" }]);
    const revoked = await vouch("revoke", "dev@example.com", "--credentials", "--database", database);
    expect(revoked.stdout).toStartWith("Ended 0 sessions of dev@example.com.\nRemoved 1 security key.\n");
    expect(await sql`SELECT id FROM credentials`).toEqual([{ id: "key of other@example.com" }]);
    await sql.close();
    const [after] = JSON.parse((await vouch("users", "--database", database, "--json")).stdout);
    expect(after.inviteExpiresAt).toBeUndefined();
  });

  test("list users page by page in the order of their emails", async () => {
    const other = `sqlite:${join(folder, "many.db")}`;
    await vouch("init", "--url", "https://vouch.example.com", "--database", other);
    const store = await openStore(other, { create: false, now: 1_800_000_000 });
    for (const name of ["a", "b", "c", "d", "e"]) {
      const { id } = await store.accounts.invite(`${name}@example.com`, name, 1_800_000_000, 1_900_000_000);
      await store.credentials.add({
        id: `key-${name}`,
        userId: id,
        publicKey: new Uint8Array([1]),
        counter: 0,
        aaguid: "00000000-0000-0000-0000-000000000000",
        product: undefined,
        transports: [],
        backupEligible: false,
        backedUp: false,
        builtIn: false,
        name: "blue",
        createdAt: 1_800_000_000,
        lastUsedAt: undefined,
      });
    }
    await store.close();
    const page = async (...args: string[]) => {
      const { stdout } = await vouch("users", "--json", "--database", other, ...args);
      return JSON.parse(stdout).map((user: { email: string; credentials: { id: string }[] }) =>
        [user.email.slice(0, 1)].concat(user.credentials.map(({ id }) => id)),
      );
    };
    const all = ["a", "b", "c", "d", "e"].map((name) => [name, `key-${name}`]);
    expect(await page()).toEqual(all);
    expect(await page("--limit", "2")).toEqual(all.slice(0, 2));
    expect(await page("--limit", "2", "--after", "B@example.com")).toEqual(all.slice(2, 4));
    expect(await page("--after", "d@example.com")).toEqual(all.slice(4));
    expect(await page("--limit", "9", "--after", "e@example.com")).toEqual([]);
    expect((await vouch("users", "--database", other, "--limit", "0")).code).toBe(2);
  });

  test("list more users than the server's page has, in text and in JSON", async () => {
    const other = `sqlite:${join(folder, "thousand.db")}`;
    await vouch("init", "--url", "https://vouch.example.com", "--database", other);
    const sql = new SQL({ adapter: "sqlite", filename: other.replace("sqlite:", "") });
    await sql`
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1001)
      INSERT INTO users (id, email, created_at) SELECT n, 'person-' || (10000 + n) || '@example.com', 0 FROM numbers`;
    await sql.close();
    const emails = Array.from({ length: 1001 }, (_, index) => `person-${10_001 + index}@example.com`);
    const json = JSON.parse((await vouch("users", "--json", "--database", other)).stdout);
    expect(json.map(({ email }: { email: string }) => email)).toEqual(emails);
    const { stdout } = await vouch("users", "--database", other, "--limit", "700");
    expect([...stdout.matchAll(/^person-\S+/gm)].map(([email]) => email)).toEqual(emails.slice(0, 700));
  });

  test("end at AWS what was issued: the statement with the person's id; as JSON what changed", async () => {
    const at = ["--database", database];
    await vouch("invite", "leaver@example.com", ...at);
    const { id } = JSON.parse((await vouch("users", "--after", "leaver@example.co", "--json", ...at)).stdout)[0];
    const sql = new SQL({ adapter: "sqlite", filename: database.slice("sqlite:".length) });
    for (const command of ["disable", "revoke"]) {
      const none = await vouch(command, "leaver@example.com", ...at);
      expect(none.stdout).toContain("If they had a session within the last eight hours");
      expect(none.stdout).toContain(`\naws:SourceIdentity ${id} `);
      expect(none.stdout).not.toContain("{");
      await sql`
        INSERT INTO sessions (token_hash, user_id, jkt, credential_id, created_at, expires_at)
        SELECT ${command} || id, ${id}, '', id, 0, 9999999999 FROM credentials LIMIT 1`;
      const { stdout } = await vouch(command, "leaver@example.com", ...at);
      const statement = /^ {3}\{\n[^]*^ {3}\}$/m.exec(stdout)![0];
      expect(JSON.parse(statement)).toMatchObject({
        Effect: "Deny",
        Condition: { StringEquals: { "aws:SourceIdentity": id } },
      });
    }
    await sql.close();
    const json = async (...args: string[]) => JSON.parse((await vouch(...args, "--json", ...at)).stdout);
    const email = "leaver@example.com";
    expect(await json("disable", email)).toEqual({ email, id, sessions: 0 });
    expect(await json("enable", email)).toEqual({ email, changed: true });
    expect(await json("enable", email)).toEqual({ email, changed: false });
    expect(await json("revoke", email, "--credentials")).toEqual({ email, id, sessions: 0, keys: 0 });
  });

  test.each<[string, string[], number, string]>([
    ["an email that is none", ["invite", "dev"], 2, "Expected an email address"],
    ["nobody", ["revoke", "nobody@example.com"], 1, "There is no user"],
  ])("refuse %s", async (_name, args, code, message) => {
    const result = await vouch(...args, "--database", database);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  test.each(["invite", "users", "revoke", "run"])("need `init` first: %s says so", async (command) => {
    const email = command === "invite" || command === "revoke" ? ["a@example.com"] : [];
    const { code, stderr } = await vouch(command, ...email, "--database", `sqlite:${join(folder, "none.db")}`);
    expect(code).toBe(1);
    expect(stderr).toContain("vouch server init");
  });
});

describe("vouch server run", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("answers until %s, then ends with 0", async (signal) => {
    const { child, address } = await run();
    const health = await fetch(`${address}/healthz`);
    expect(await health.json()).toEqual({ status: "ok" });
    child.kill(signal);
    expect(await child.exited).toBe(0);
    const lines = (await new Response(child.stderr).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time: expect.any(String), event: "signing_keys_in_clear_text", detail: expect.any(String) },
      {
        time: expect.any(String),
        method: "GET",
        path: "/healthz",
        status: 200,
        milliseconds: expect.any(Number),
        address: "127.0.0.1",
      },
    ]);
  });

  test("accepts an invite that is made while it runs", async () => {
    const { child, address } = await run();
    const { code } = JSON.parse((await vouch("invite", "new@example.com", "--database", database, "--json")).stdout);
    const answer = await fetch(`${address}/v1/enroll/options`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    expect(answer.status).toBe(200);
    child.kill();
    await child.exited;
  });

  test("with --url creates what is missing, and keeps the URL that it finds", async () => {
    const other = `sqlite:${join(folder, "made.db")}`;
    const { child, address } = await run("--url", "http://localhost:8787", "--database", other);
    const discovery = (await (await fetch(`${address}/.well-known/openid-configuration`)).json()) as object;
    expect(discovery).toMatchObject({ issuer: "http://localhost:8787" });
    child.kill();
    await child.exited;
    const refused = await vouch("run", "--listen", "127.0.0.1:0", "--url", "http://localhost:9", "--database", other);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("belongs to http://localhost:8787");
  });

  test("reports that the address is taken", async () => {
    const { child, address } = await run();
    const second = await vouch("run", "--listen", new URL(address).host, "--database", database);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("is in use by another program.");
    expect(second.stderr).toContain("--listen");
    expect(second.stderr).not.toContain("tls");
    const path = join(folder, "never-made.db");
    const first = ["--url", "https://vouch.example.com", "--database", `sqlite:${path}`];
    const none = await vouch("run", "--listen", new URL(address).host, ...first);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("is in use by another program.") });
    expect(existsSync(path)).toBe(false);
    child.kill();
    await child.exited;
  });

  test("needs a certificate together with its key, both readable", async () => {
    const certificate = join(folder, "cert.pem");
    writeFileSync(certificate, "not a certificate");
    const one = await vouch("run", "--database", database, "--tls-cert", certificate);
    expect(one).toMatchObject({ code: 2, stderr: expect.stringContaining("--tls-key") });
    const missing = await vouch("run", "--database", database, "--tls-cert", certificate, "--tls-key", "/nowhere.pem");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("/nowhere.pem") });
    const both = ["--tls-cert", certificate, "--tls-key", certificate];
    const wrong = await vouch("run", "--database", database, "--listen", "127.0.0.1:0", ...both);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("--tls-cert") });
  });
});
