/** `vouch server audit` as processes: what administrators did, filters, export, verification, lines beside the database. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, renameSync, statSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import type { AuditEntry } from "../../../../src/server/audit/entry.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const path = join(folder, "vouch.db");
const account = spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim();
const operator = `${account.slice(0, 64)}@${hostname().slice(0, 64)}`;

const environment = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: `sqlite:${path}` };

function start(...args: string[]) {
  return Bun.spawn([process.execPath, main, "server", ...args], {
    env: environment,
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

async function audit(...args: string[]): Promise<AuditEntry[]> {
  const { code, stdout, stderr } = await vouch("audit", "--json", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function sql(statement: string): Promise<void> {
  const database = new SQL({ adapter: "sqlite", filename: path });
  await database.unsafe(statement);
  await database.close();
}

/** Starts a server, waits until its stdout or stderr has the text, and gives both up to there. */
async function run(wanted: RegExp, ...args: string[]) {
  const child = start("run", "--listen", "127.0.0.1:0", ...args);
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) {
      text += new TextDecoder().decode(chunk);
      if (wanted.test(text)) return;
    }
  };
  await Promise.race([read(child.stdout), read(child.stderr)]);
  if (!wanted.test(text)) throw new Error(text);
  return child;
}

beforeAll(async () => {
  await vouch("init", "--url", "https://vouch.example.com");
  await vouch("invite", "dev@example.com");
  await vouch("invite", "other@example.com");
  await vouch("disable", "dev@example.com");
  await vouch("enable", "dev@example.com");
  await vouch("enable", "dev@example.com");
  await vouch("revoke", "dev@example.com", "--credentials");
  await vouch("signing-keys", "rotate");
  await vouch("backup", join(folder, "copy.db"));
});

describe("the command line", () => {
  test("has each change recorded, with the account that made it, and one that changes nothing not", async () => {
    const entries = await audit();
    expect(entries.map(({ event, email }) => [event, email])).toEqual([
      ["initialize", null],
      ["signing_key_made", null],
      ["invite", "dev@example.com"],
      ["invite", "other@example.com"],
      ["disable", "dev@example.com"],
      ["enable", "dev@example.com"],
      ["revoke", "dev@example.com"],
      ["signing_key_made", null],
      ["backup", null],
    ]);
    expect(new Set(entries.map(({ by }) => by))).toEqual(new Set([operator]));
    expect(new Set(entries.map(({ chain }) => chain))).toEqual(new Set(["command-line/0"]));
    expect(entries.at(-1)!.detail).toEqual({ file: "copy.db" });
  });

  test("records neither codes nor keys", async () => {
    const { stdout } = await vouch("invite", "third@example.com", "--json");
    const text = JSON.stringify(await audit());
    expect(text).toContain("third@example.com");
    expect(text).not.toContain(JSON.parse(stdout).code);
    expect(text).not.toContain('"d":');
  });
});

describe("vouch server audit", () => {
  test.each<[string[], (entry: AuditEntry) => boolean]>([
    [["--who", "dev@example.com"], ({ email }) => email === "dev@example.com"],
    [
      ["--who", "DEV@example.com", "--event", "invite"],
      ({ email, event }) => email === "dev@example.com" && event === "invite",
    ],
    [["--who", operator], () => true],
    [["--event", "backup"], ({ event }) => event === "backup"],
    [["--since", "1d"], () => true],
    [["--until", "1d"], () => false],
    [["--since", "2026-01-01", "--until", "2100-01-01T00:00Z"], ({ time }) => time > 0],
  ])("%j shows what fits, and nothing else", async (args, fits) => {
    const all = await audit();
    expect(await audit(...args)).toEqual(all.filter(fits));
  });

  test("--jsonl prints an object a line, the plain form a line for people", async () => {
    const { stdout } = await vouch("audit", "--jsonl", "--event", "disable");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(await audit("--event", "disable"));
    expect((await vouch("audit", "--event", "disable")).stdout).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}disable {2}dev@example\.com {2}by .* {2}sessions=0 {2}\[command-line\/0 5\]\n$/,
    );
    expect((await vouch("audit", "--event", "publish")).stdout).toBe("Nothing was recorded that fits.\n");
    expect(await audit("--event", "publish")).toEqual([]);
  });

  test.each([
    [["--event", "nothing"], "--event expects one of enrol, login, "],
    [["--since", "yesterday"], "Expected --since with a point in time"],
    [["--since", "2026-13-45"], "Expected --since with a point in time"],
    [["--json", "--jsonl"], "Expected --json or --jsonl"],
    [["everything"], "everything"],
    [["verfy"], "verify"],
    [["verify", "--checkpoint", "1"], "Expected --checkpoint NUMBER:HASH"],
  ])("%j is refused as wrong usage", async (args, message) => {
    const { code, stderr } = await vouch("audit", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test("its help has both of its uses", async () => {
    expect((await vouch("audit", "--help")).stdout).toContain("vouch server audit [COMMAND] [FLAGS]");
  });

  test("text that a stranger chose reaches no terminal as it is", async () => {
    await sql(`INSERT INTO audit_entries (chain, number, recorded_at, event, reason, detail, hash)
      VALUES ('stranger', 1, 1900000000, 'refuse', 'a' || char(27) || '[2Jb' || char(10) || 'c', '{"x":"\\u001b]0;"}', 'x')`);
    for (const how of [[], ["--jsonl"], ["--json"]]) {
      const { stdout } = await vouch("audit", "--since", "2030-01-01", ...how);
      expect(stdout).toContain("[2Jb");
      expect(stdout).not.toContain("\u001b");
    }
    await sql("DELETE FROM audit_entries WHERE chain = 'stranger'");
  });
});

test("lists entries whose time is no date, whatever the period", async () => {
  const copy = join(folder, "times.db");
  await vouch("backup", copy);
  const database = new SQL({ adapter: "sqlite", filename: copy });
  const times = [`-1`, `9000000000000000000`, `-9000000000000000000`, `8640000000000`, `'abc'`, `9e999`];
  for (const [index, time] of times.entries()) {
    await database.unsafe(`INSERT INTO audit_entries (chain, number, recorded_at, event, email, detail, hash)
      VALUES ('forged/0', ${index + 1}, ${time}, 'invite', 'forged${index}@example.com', '{}', 'x')`);
  }
  await database.close();
  for (const period of [[], ["--since", "1h"], ["--until", "2001-01-01"]]) {
    const args = ["audit", "--database", `sqlite:${copy}`, ...period];
    const shown = await vouch(...args);
    expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: "" });
    const broken = shown.stdout.split("\n").filter((line) => line.startsWith("(its time is broken)  invite"));
    expect(broken).toHaveLength(times.length);
    expect(JSON.parse((await vouch(...args, "--json")).stdout)).toEqual(
      expect.arrayContaining(
        times.map((_, index) => expect.objectContaining({ chain: "forged/0", email: `forged${index}@example.com` })),
      ),
    );
  }
  expect((await vouch("audit", "verify", "--database", `sqlite:${copy}`)).stdout).toContain("forged/0 1: ");
});

describe("a server that runs", () => {
  test("signs at its end what the command line did, and writes lines to the file that is there after SIGHUP", async () => {
    const file = join(folder, "audit.jsonl");
    const lines = (name: string): AuditEntry[] =>
      readFileSync(name, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    const server = await run(/listening on/, "--audit-log", file, "--replica", "one");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // The first look makes a checkpoint.
    while (!readFileSync(file, "utf8").includes('"event":"checkpoint"')) await Bun.sleep(20);
    renameSync(file, `${file}.1`);
    server.kill("SIGHUP");
    while (!(await Bun.file(file).exists())) await Bun.sleep(20);
    await vouch("invite", "late@example.com");
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    const [before, after] = [lines(`${file}.1`), lines(file)];
    expect(after.map(({ event, email }) => [event, email])).toEqual([
      ["invite", "late@example.com"],
      ["checkpoint", null],
    ]);
    // Together they are what the database has.
    const byPlace = (entries: AuditEntry[]) =>
      entries.toSorted((one, other) =>
        one.chain < other.chain ? -1 : one.chain > other.chain ? 1 : one.number - other.number,
      );
    expect(byPlace([...before, ...after])).toEqual(byPlace(await audit()));
    const verified = await vouch("audit", "verify");
    expect(verified).toMatchObject({ code: 0, stderr: "" });
    expect(verified.stdout).toContain("The audit log is whole");
    expect(verified.stdout).toContain("0 entries are newer");
  });

  test("is not ended by SIGHUP before it listens", async () => {
    const place = join(folder, "early");
    const database = `sqlite:${join(place, "vouch.db")}`;
    await vouch("init", "--url", "https://vouch.example.com", "--database", database);
    const lock = new SQL({ adapter: "sqlite", filename: join(place, "vouch.db") });
    await lock.unsafe("BEGIN IMMEDIATE");
    const file = join(place, "audit.jsonl");
    const child = start("run", "--listen", "127.0.0.1:0", "--database", database, "--audit-log", file);
    while (!(await Bun.file(file).exists())) await Bun.sleep(5);
    child.kill("SIGHUP");
    await lock.unsafe("ROLLBACK");
    await lock.close();
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toContain("listening on");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("has nothing but the audit log on stdout if it is to go there", async () => {
    const file = join(folder, "stdout");
    const server = Bun.spawn([process.execPath, main, "server", "run", "--listen", "127.0.0.1:0", "--audit-log", "-"], {
      env: environment,
      stdio: ["ignore", Bun.file(file), "pipe"],
    });
    let log = "";
    for await (const chunk of server.stderr) {
      log += new TextDecoder().decode(chunk);
      if (!log.includes('"event":"listening"') || server.killed) continue;
      await vouch("invite", "stdout@example.com");
      server.kill("SIGTERM");
    }
    expect(await server.exited).toBe(0);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const found = lines.map((line) => JSON.parse(line) as AuditEntry);
    expect(found.map(({ event }) => event).slice(-2)).toEqual(["invite", "checkpoint"]);
    expect(found.at(-2)!.email).toBe("stdout@example.com");
  });

  test("refuses to start with a file that it cannot write, a name or a retention that is none", async () => {
    const none = await vouch("run", "--audit-log", join(folder, "none", "file"));
    expect(none.stderr).toContain("The audit log");
    expect(none.code).toBe(1);
    for (const wrong of [
      ["--replica", "a b"],
      ["--replica", "command-line"],
      ["--audit-retention", "0d"],
      ["--audit-retention", "1y"],
    ]) {
      expect((await vouch("run", ...wrong)).code).toBe(2);
    }
  });
});

describe("vouch server audit verify", () => {
  test("ends with 1 and names the first broken entry", async () => {
    const known = await vouch("audit", "verify", "--json");
    const { newest, isWhole } = JSON.parse(known.stdout);
    expect([known.code, isWhole]).toEqual([0, true]);
    const checkpoint = `${newest.number}:${newest.hash}`;
    expect((await vouch("audit", "verify", "--checkpoint", checkpoint, "--kid", newest.kid)).code).toBe(0);
    expect((await vouch("audit", "verify", "--kid", "another")).code).toBe(1);
    await sql("UPDATE audit_entries SET email = 'nobody@example.com' WHERE chain = 'command-line/0' AND number = 3");
    const { code, stdout } = await vouch("audit", "verify");
    expect(code).toBe(1);
    expect(stdout).toContain("command-line/0 3: its content is not what its hash says");
    const json = JSON.parse((await vouch("audit", "verify", "--json")).stdout);
    expect(json).toMatchObject({ isWhole: false, problems: [{ chain: "command-line/0", number: 3 }] });
  });
});
