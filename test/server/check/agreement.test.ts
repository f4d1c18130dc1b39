/** `vouch server check` and `vouch server run` come to the same verdict: both as processes, over one table. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { SQL } from "bun";
import { initializeServer } from "../../../src/server/initialize.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { columnsOf } from "../../../src/server/store/schema.ts";
import { tempFolder, tempFolderUntil } from "../../temp-folder.ts";
import { origin } from "../test-server.ts";
import { makeCertificate } from "./certificate.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const day = 24 * 3600;
const original = tempFolderUntil(afterAll);
beforeAll(async () => {
  const now = Math.floor(Date.now() / 1000);
  const store = await openStore(`sqlite:${join(original, "vouch.db")}`, { create: true, now });
  await initializeServer(store, origin, undefined, now);
  await store.close();
  const { cert, key } = await makeCertificate(new URL(origin).hostname, now - day, now + 100 * day);
  writeFileSync(join(original, "cert.pem"), cert);
  writeFileSync(join(original, "key.pem"), key, { mode: 0o600 });
});

type Settings = Record<string, string>;

interface Row {
  title: string;
  /** Prepares the folder, which has vouch.db, cert.pem and key.pem; returns settings of the configuration file. */
  settings: (folder: string) => Settings | Promise<Settings>;
  /** What both say; without it, the server runs. */
  refused?: RegExp;
}

/** Changes the database. */
async function sql(folder: string, statement: string): Promise<Settings> {
  const database = new SQL({ adapter: "sqlite", filename: join(folder, "vouch.db") });
  await database.unsafe(statement);
  await database.close();
  return {};
}

/** Writes a file of this mode. */
function file(path: string, mode: number, content = ""): string {
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const tls = (folder: string): Settings => ({
  "tls-cert": join(folder, "cert.pem"),
  "tls-key": join(folder, "key.pem"),
});
const kek = Buffer.alloc(32, 7).toString("base64");

const rows: Row[] = [
  { title: "nothing but the database", settings: () => ({}) },
  { title: "an audit log that is yet to be made", settings: (folder) => ({ "audit-log": join(folder, "a.jsonl") }) },
  { title: "an audit log on stdout", settings: () => ({ "audit-log": "-" }) },
  {
    title: "an audit log with a mode that is too wide",
    settings: (folder) => ({ "audit-log": file(join(folder, "a.jsonl"), 0o666) }),
  },
  {
    title: "the login in the browser, with publishing",
    settings: () => ({ "browser-login": "on", "browser-login-publish": "on" }),
  },
  {
    title: "the login in the browser without pages",
    settings: () => ({ "browser-login": "on", pages: "off" }),
    refused: /--pages on with --browser-login/,
  },
  {
    title: "publishing after a login in the browser that is off",
    settings: () => ({ "browser-login-publish": "on" }),
    refused: /--browser-login on with --browser-login-publish/,
  },
  {
    title: "single sign-on at a provider that is away",
    settings: () => ({ "sso-issuer": "http://127.0.0.1:9", "sso-client-id": "vouch" }),
  },
  {
    title: "single sign-on without a client",
    settings: () => ({ "sso-issuer": "http://127.0.0.1:9" }),
    refused: /--sso-client-id/,
  },
  {
    title: "a client of single sign-on without an issuer",
    settings: () => ({ "sso-client-id": "vouch" }),
    refused: /--sso-issuer/,
  },
  {
    title: "a client id with a line end, which follows nothing, and is printed on one line",
    settings: () => ({ "sso-issuer": "http://127.0.0.1:9", "sso-client-id": "a\\nerror    database: b" }),
    refused: /sso-client-id in [^\n]*got "a error {4}database: b"\.\n/,
  },
  {
    title: "a claim of single sign-on without an issuer",
    settings: () => ({ "sso-groups-claim": "groups" }),
    refused: /--sso-issuer with --sso-groups-claim/,
  },
  {
    title: "single sign-on for everybody with an account at Google",
    settings: () => ({ "sso-issuer": "https://accounts.google.com", "sso-client-id": "vouch" }),
    refused: /--sso-tenants/,
  },
  {
    title: "asking the identity provider at logins without a key-encryption key",
    settings: () => ({ "sso-issuer": "http://127.0.0.1:9", "sso-client-id": "vouch", "sso-recheck": "login" }),
    refused: /--key-encryption-key with --sso-recheck login/,
  },
  {
    title: "asking an identity provider at logins that there is not",
    settings: () => ({ "sso-recheck": "login" }),
    refused: /--sso-issuer with --sso-recheck/,
  },
  {
    title: "a client's secret that others may write",
    settings: (folder) => ({
      "sso-issuer": "http://127.0.0.1:9",
      "sso-client-id": "vouch",
      "sso-client-secret-file": file(join(folder, "secret"), 0o666, "secret"),
    }),
    refused: /Others may write/,
  },
  ...(["missing", "garbage"] as const).flatMap((what): Row[] => {
    const blob = (folder: string) =>
      what === "missing" ? join(folder, "none") : file(join(folder, "blob.jwt"), 0o644, "garbage");
    const title = `metadata of keys that are ${what}`;
    return [
      {
        title: `${title}, where models must be proved`,
        settings: (folder) => ({ attestation: "certified", "attestation-metadata": blob(folder) }),
        refused: /The FIDO metadata .*(cannot be read|are not accepted)/,
      },
      {
        title: `${title}, where models need no proof`,
        settings: (folder) => ({ "attestation-metadata": blob(folder) }),
      },
      {
        title: `${title}, where the server has others`,
        settings: async (folder) => {
          const models = { root: "ab".repeat(32), source: "/blob.jwt", readAt: 1, models: [], skipped: 0 };
          const store = await openStore(`sqlite:${join(folder, "vouch.db")}`, { create: false, now: 1 });
          await store.transaction(({ attestationMetadata }) =>
            attestationMetadata.keep({ number: 1, nextUpdate: "2100-01-01", ...models }),
          );
          await store.close();
          return { attestation: "certified", "attestation-metadata": blob(folder) };
        },
      },
    ];
  }),
  {
    title: "an audit log in a folder that is missing",
    settings: (folder) => ({ "audit-log": join(folder, "none", "a.jsonl") }),
    refused: /its folder does not exist/,
  },
  {
    title: "an audit log below a file",
    settings: (folder) => ({ "audit-log": join(folder, "cert.pem", "a.jsonl") }),
    refused: /its folder does not exist/,
  },
  { title: "an audit log that is a folder", settings: (folder) => ({ "audit-log": folder }), refused: /is a folder/ },
  {
    title: "an audit log that is a device",
    settings: () => ({ "audit-log": "/dev/null" }),
    refused: /is not a regular file/,
  },
  {
    title: "an audit log that is a pipe without a reader",
    settings: (folder) => {
      Bun.spawnSync(["mkfifo", join(folder, "pipe")]);
      return { "audit-log": join(folder, "pipe") };
    },
    refused: /is not a regular file/,
  },
  {
    title: "an audit log that is a link",
    settings: (folder) => {
      symlinkSync(file(join(folder, "target"), 0o600), join(folder, "link"));
      return { "audit-log": join(folder, "link") };
    },
    refused: /is a link/,
  },
  {
    title: "an audit log that is a link to nothing",
    settings: (folder) => {
      symlinkSync(join(folder, "target"), join(folder, "link"));
      return { "audit-log": join(folder, "link") };
    },
    refused: /is a link/,
  },
  ...["vouch.db", "vouch.db-wal", "key.pem", "server.toml"].map((name) => ({
    title: `an audit log that is ${name}`,
    settings: (folder: string) => ({ ...tls(folder), "audit-log": join(folder, name) }),
    refused: /another file of the server's/,
  })),
  {
    title: "an audit log that is a database yet to be made, by another path",
    settings: (folder) => {
      symlinkSync(folder, join(folder, "same"));
      const database = `sqlite:${join(folder, "new.db")}`;
      return { url: origin, database, "audit-log": join(folder, "same", "new.db") };
    },
    refused: /another file of the server's/,
  },
  ...(process.geteuid?.() === 0
    ? [
        {
          title: "an audit log of another user, in a folder of root's",
          settings: (folder: string) => {
            chownSync(file(join(folder, "a.jsonl"), 0o600), 65_534, 65_534);
            return { "audit-log": join(folder, "a.jsonl") };
          },
          refused: /belongs to another user/,
        },
        {
          title: "an audit log of the user whose folder it is in, as root",
          settings: (folder: string) => {
            mkdirSync(join(folder, "log"));
            for (const path of [join(folder, "log"), file(join(folder, "log", "a.jsonl"), 0o600)]) {
              chownSync(path, 65_534, 65_534);
            }
            return { "audit-log": join(folder, "log", "a.jsonl") };
          },
        },
      ]
    : []),
  { title: "a certificate", settings: tls },
  ...[0o602, 0o620].map((mode) => ({
    title: `a key of the certificate with mode ${mode.toString(8)}`,
    settings: (folder: string) => {
      chmodSync(join(folder, "key.pem"), mode);
      return tls(folder);
    },
    refused: /Others may write .*key\.pem/,
  })),
  {
    title: "a key of the certificate that everybody may read",
    settings: (folder) => {
      chmodSync(join(folder, "key.pem"), 0o644);
      return tls(folder);
    },
  },
  {
    title: "a key-encryption key that everybody may read",
    settings: (folder) => ({ "key-encryption-key": `file:${file(join(folder, "kek"), 0o644, kek)}` }),
  },
  {
    title: "a key-encryption key that others may write",
    settings: (folder) => ({ "key-encryption-key": `file:${file(join(folder, "kek"), 0o660, kek)}` }),
    refused: /Others may write .*kek/,
  },
  {
    title: "a password that others may write",
    settings: (folder) => ({ "database-password-file": file(join(folder, "password"), 0o622, "x") }),
    refused: /Others may write .*password/,
  },
  ...[...columnsOf(Infinity).keys()].map((table) => ({
    title: `a database without the table ${table}`,
    settings: (folder: string) => sql(folder, `PRAGMA foreign_keys = OFF; DROP TABLE ${table}`),
    refused: table === "schema_versions" ? /vouch\.db/ : new RegExp(`lacks the table ${table}`),
  })),
  {
    title: "a database without a column",
    settings: (folder) => sql(folder, "ALTER TABLE audit_entries DROP COLUMN reason"),
    refused: /lacks the column reason of the table audit_entries/,
  },
  ...["x", "7", "[1]", "null"].map((audiences) => ({
    title: `a database whose audiences are ${audiences}`,
    settings: (folder: string) =>
      sql(folder, `UPDATE configuration SET value = '${audiences}' WHERE name = 'audiences'`),
    refused: /audiences in the database.*vouch server init --url \S+ --audience/s,
  })),
  {
    title: "a database whose URL is none",
    settings: (folder) => sql(folder, "UPDATE configuration SET value = 'x' WHERE name = 'url'"),
    refused: /URL of the server in the database/,
  },
  {
    title: "metrics on the address of the requests",
    settings: () => ({ listen: "127.0.0.1:PORT", "metrics-listen": "127.0.0.1:PORT" }),
    refused: /metrics/,
  },
  {
    title: "metrics on every address, with the port of the requests",
    settings: () => ({ listen: "127.0.0.1:PORT", "metrics-listen": "0.0.0.0:PORT" }),
    refused: /metrics/,
  },
  { title: "metrics on any port", settings: () => ({ "metrics-listen": "127.0.0.1:0" }) },
];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a command; it ends by itself, or when its output has `end`. */
async function vouch(folder: string, args: string[], end?: RegExp): Promise<{ code: number; text: string }> {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  const child = Bun.spawn([process.execPath, main, "server", ...args], { env, stdout: "pipe", stderr: "pipe" });
  onTestFinished(() => child.kill());
  let text = "";
  // A second signal would end it at once.
  let isEnding = false;
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) {
      text += new TextDecoder().decode(chunk);
      if (isEnding || end?.test(text) !== true) continue;
      isEnding = true;
      child.kill("SIGTERM");
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  return { code: await child.exited, text };
}

describe("check and run agree on", () => {
  test.each(rows.map((row) => [row.title, row] as const))("%s", async (_, { settings, refused }) => {
    using temporary = tempFolder();
    const folder = temporary.path;
    for (const name of ["vouch.db", "cert.pem", "key.pem"]) copyFileSync(join(original, name), join(folder, name));
    const port = await freePort();
    const all = {
      database: `sqlite:${join(folder, "vouch.db")}`,
      listen: "127.0.0.1:0",
      ...(await settings(folder)),
    };
    const config = join(folder, "server.toml");
    const lines = Object.entries(all).map(([name, value]) => `${name} = "${value.replace("PORT", `${port}`)}"\n`);
    writeFileSync(config, lines.join(""));
    const check = await vouch(folder, ["check", "--config", config]);
    const run = await vouch(folder, ["run", "--config", config], /listening on/);
    const expected = refused === undefined ? 0 : 1;
    expect({ check: check.code, run: run.code === 0 ? 0 : 1, text: run.text }).toMatchObject({
      check: expected,
      run: expected,
    });
    if (refused === undefined) return;
    for (const { text } of [check, run]) {
      expect(text).toMatch(refused);
      expect(text).not.toContain("internal");
    }
  });
});

test("an audit log that others could read is closed to them, and one that is refused stays as it was", async () => {
  using temporary = tempFolder();
  const folder = temporary.path;
  copyFileSync(join(original, "vouch.db"), join(folder, "vouch.db"));
  const database = ["--database", `sqlite:${join(folder, "vouch.db")}`, "--listen", "127.0.0.1:0"];
  const log = file(join(folder, "a.jsonl"), 0o666);
  expect((await vouch(folder, ["check", ...database, "--audit-log", log])).code).toBe(0);
  expect(statSync(log).mode & 0o777).toBe(0o666);
  expect((await vouch(folder, ["run", ...database, "--audit-log", log], /listening on/)).code).toBe(0);
  expect(statSync(log).mode & 0o777).toBe(0o600);
  expect(readFileSync(log, "utf8")).toContain('"event":"checkpoint"');
  mkdirSync(join(folder, "sub"));
  symlinkSync(file(join(folder, "target"), 0o644, "kept"), join(folder, "sub", "link"));
  expect((await vouch(folder, ["run", ...database, "--audit-log", join(folder, "sub", "link")])).code).toBe(1);
  expect(readFileSync(join(folder, "target"), "utf8")).toBe("kept");
  expect(statSync(join(folder, "target")).mode & 0o777).toBe(0o644);
});

test("audiences that are damaged are set anew by the command of the hint", async () => {
  using temporary = tempFolder();
  const folder = temporary.path;
  copyFileSync(join(original, "vouch.db"), join(folder, "vouch.db"));
  await sql(folder, "UPDATE configuration SET value = 'x' WHERE name = 'audiences'");
  const database = ["--database", `sqlite:${join(folder, "vouch.db")}`];
  const { text } = await vouch(folder, ["check", ...database, "--listen", "127.0.0.1:0"]);
  const hint = /vouch server (init [^`]+ --audience [^`]+)`/.exec(text)![1]!;
  expect(await vouch(folder, hint.split(" "))).toMatchObject({ code: 0 });
  expect((await vouch(folder, ["run", ...database, "--listen", "127.0.0.1:0"], /listening on/)).code).toBe(0);
});
