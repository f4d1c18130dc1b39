/** `vouch server check`: each thing that it looks at, right and wrong, and that it changes nothing. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { SQL } from "bun";
import { checkServer } from "../../../src/server/check/check.ts";
import type { Finding } from "../../../src/server/check/finding.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { listenForMetrics } from "../../../src/server/metrics/listener.ts";
import { ServerMetrics } from "../../../src/server/metrics/metrics.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { keyMaker } from "../../../src/server/signing/signing-key.ts";
import { columnsOf } from "../../../src/server/store/schema.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { Secret } from "../../../src/base/secret.ts";
import { tempFolder, tempFolderUntil } from "../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { StrangeProvider } from "../sso/strange-provider.ts";
import { origin, startTestServer } from "../test-server.ts";
import { makeCertificate } from "./certificate.ts";

const now = 1_800_000_000;
const day = 24 * 3600;
const kek = Buffer.alloc(32, 7).toString("base64");

const folder = tempFolderUntil(afterAll);
let plain: string;
let encrypted: string;
beforeAll(async () => {
  plain = await database("plain.db", undefined);
  encrypted = await database("encrypted.db", await localKek(new Secret(new Uint8Array(Buffer.from(kek, "base64")))));
  writeFileSync(join(folder, "kek"), kek, { mode: 0o600 });
});

async function database(name: string, protector: Awaited<ReturnType<typeof localKek>> | undefined): Promise<string> {
  const url = `sqlite:${join(folder, name)}`;
  const store = await openStore(url, { create: true, now });
  await initializeServer(store, origin, ["sts.amazonaws.com"], now, keyMaker(origin, protector));
  await store.close();
  return url;
}

/** What is found besides what is right, with flags beyond a free port. */
async function found(flags: Record<string, unknown>, env: Record<string, string> = {}, at = now) {
  const { findings } = await checkServer({ listen: "127.0.0.1:0", ...flags }, env, at);
  return findings.filter(({ level }) => level !== "ok");
}

const like = (level: Finding["level"], check: string, message: string) =>
  expect.objectContaining({ level, check, message: expect.stringContaining(message) });

/** Every file of a folder with its content and times. */
function stateOf(path: string): unknown {
  return readdirSync(path)
    .toSorted()
    .map((name) => {
      const file = join(path, name);
      const { mode, mtimeMs, ctimeMs } = statSync(file);
      return { name, mode, mtimeMs, ctimeMs, digest: createHash("sha256").update(readFileSync(file)).digest("hex") };
    });
}

test("finds nothing where all is right, and warns of signing keys in clear text", async () => {
  expect(await found({ database: encrypted, "key-encryption-key": `file:${join(folder, "kek")}` })).toEqual([]);
  expect(await found({ database: plain })).toEqual([like("warning", "signing keys", "in clear text")]);
});

test("advises a key-encryption key beside the configuration file, given to every server before keys are encrypted", async () => {
  const config = join(folder, "advice.toml");
  writeFileSync(config, `database = "${plain}"\n`);
  const [{ hint } = {}] = await found({ config });
  const kekOf = join(folder, "kek").replaceAll(".", "\\.");
  expect(hint).toMatch(
    new RegExp(
      `> ${kekOf}\\).*First give it .*key-encryption-key = "file:${kekOf}".*credential:kek.*Then run .*encrypt --key-encryption-key file:${kekOf}\`.*rotate`,
    ),
  );
});

test("reports all that is wrong at once, in the file and elsewhere", async () => {
  const path = join(folder, "wrong.toml");
  writeFileSync(path, `lisen = 1\nrotate-every = "1d"\ntls-cert = "/nowhere"\ndatabase = "${plain}"\n`);
  expect(await found({ config: path }, { VOUCH_SERVER_TOKEN_LIMIT: "0" })).toEqual([
    like("error", "configuration file", 'unknown key "lisen"'),
    like("error", "configuration file", "at least 2d"),
    like("error", "settings", "VOUCH_SERVER_TOKEN_LIMIT"),
    like("error", "certificate", "together"),
    like("warning", "signing keys", "in clear text"),
  ]);
});

test("says of a value that is wrong nothing that follows from it alone", async () => {
  const path = join(folder, "follows.toml");
  const wrong = {
    "sso-client-id": "a\nb",
    "tls-key": "relative.pem",
    "key-encryption-key": "file:relative",
    "browser-login": "perhaps",
    "attestation-metadata": "relative.jwt",
  };
  const right = { database: plain, "sso-issuer": "http://127.0.0.1:9", "tls-cert": "/nowhere" };
  const lines = Object.entries({ ...right, ...wrong, "browser-login-publish": "on", attestation: "certified" });
  writeFileSync(path, lines.map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join(""));
  expect(await found({ config: path })).toEqual(
    Object.keys(wrong).map((name) => like("error", "configuration file", `${name} in ${path}`)),
  );
});

test("changes nothing: no file of the database, closed, open or of an older version", async () => {
  const before = stateOf(folder);
  await checkServer({ database: plain }, {}, now);
  expect(stateOf(folder)).toEqual(before);
  const missing = join(folder, "missing.db");
  expect(await found({ database: `sqlite:${missing}` })).toEqual([like("error", "database", "not been initialised")]);
  // The server starts, and is another issuer: right on the first day alone.
  expect(await found({ database: `sqlite:${missing}`, url: origin })).toEqual([
    like("warning", "database", "not been initialised"),
  ]);
  expect(stateOf(folder)).toEqual(before);

  using other = tempFolder();
  const sql = new SQL({ adapter: "sqlite", filename: join(other.path, "old.db"), create: true });
  await sql`CREATE TABLE schema_versions (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`;
  await sql`INSERT INTO schema_versions VALUES (1, 1)`;
  for (const [table, columns] of columnsOf(1)) {
    if (table !== "schema_versions") await sql.unsafe(`CREATE TABLE ${table} (${columns.join(", ")})`);
  }
  await sql`INSERT INTO configuration VALUES ('url', ${origin}), ('audiences', '[]')`;
  await sql.close();
  const old = stateOf(other.path);
  const { findings } = await checkServer(
    { database: `sqlite:${join(other.path, "old.db")}`, listen: "127.0.0.1:0" },
    {},
    now,
  );
  expect(findings).toContainEqual(like("ok", "database", "has version 1: the server takes it to"));
  expect(stateOf(other.path)).toEqual(old);
});

test("says of a file that cannot be parsed nothing else, and nothing of a default where a value is wrong", async () => {
  const path = join(folder, "unparsed.toml");
  writeFileSync(path, `database = "${plain}"\nlisten = 127.0.0.1\n`);
  expect(await found({ config: path })).toEqual([like("error", "configuration file", "line 2, is not TOML")]);
  writeFileSync(path, `database = "sqlite:relative.db"\n`);
  expect(await found({ config: path })).toEqual([like("error", "configuration file", "an absolute path")]);
});

test("refuses a database of a version that this program cannot use", async () => {
  using other = tempFolder();
  const path = join(other.path, "new.db");
  const store = await openStore(`sqlite:${path}`, { create: true, now });
  await store.close();
  const sql = new SQL({ adapter: "sqlite", filename: path });
  await sql`INSERT INTO schema_versions (version, applied_at, needs) VALUES (999, 1, 999)`;
  await sql.close();
  expect(await found({ database: `sqlite:${path}` })).toEqual([
    like("error", "database", "needs a Vouch that knows version 999"),
  ]);
});

test("refuses a file that is no database, and a URL that the database does not belong to", async () => {
  const path = join(folder, "garbage.db");
  writeFileSync(path, "x".repeat(8192));
  expect(await found({ database: `sqlite:${path}` })).toEqual([like("error", "database", "no database")]);
  expect(await found({ database: plain, url: "https://other.example.com" })).toContainEqual(
    like("error", "database", `belongs to ${origin}`),
  );
});

describe("the key-encryption key", () => {
  test("is missed where signing keys are encrypted", async () => {
    expect(await found({ database: encrypted })).toEqual([
      like("error", "signing keys", "no key-encryption key is given"),
    ]);
  });

  test("is refused where it is another one", async () => {
    const other = { KEK: Buffer.alloc(32, 8).toString("base64") };
    expect(await found({ database: encrypted, "key-encryption-key": "env:KEK" }, other)).toEqual([
      like("error", "signing keys", "is not encrypted under the key-encryption key"),
    ]);
  });

  test("is refused where it is none, or cannot be read", async () => {
    expect(await found({ database: encrypted, "key-encryption-key": "env:KEK" }, { KEK: "x" })).toEqual([
      like("error", "key-encryption key", "holds no key-encryption key"),
    ]);
    expect(await found({ database: encrypted, "key-encryption-key": "file:/nowhere" })).toEqual([
      like("error", "key-encryption key", "/nowhere cannot be read"),
    ]);
  });

  test("is warned of where everybody may read its file, refused where others may write it", async () => {
    const path = join(folder, "open-kek");
    writeFileSync(path, kek);
    const flags = { database: encrypted, "key-encryption-key": `file:${path}` };
    chmodSync(path, 0o644);
    expect(await found(flags)).toEqual([like("warning", "key-encryption key", "may read")]);
    chmodSync(path, 0o660);
    expect(await found(flags)).toEqual([like("error", "key-encryption key", "Others may write")]);
  });
});

describe("single sign-on", () => {
  const sso = { "sso-client-id": "vouch", "sso-client-secret-file": "" };

  test("is right where the provider answers, and warned of where it does not or a secret is readable", async () => {
    const secret = join(folder, "sso-secret");
    writeFileSync(secret, "secret\n", { mode: 0o600 });
    const provider = new StrangeProvider();
    const flags = { database: plain, ...sso, "sso-client-secret-file": secret, "sso-issuer": provider.url };
    const { findings } = await checkServer({ listen: "127.0.0.1:0", ...flags }, {}, now);
    expect(findings).toContainEqual(like("ok", "single sign-on", `${origin}/sso/callback`));
    chmodSync(secret, 0o644);
    expect(await found(flags)).toContainEqual(like("warning", "single sign-on", "Everybody on this machine may read"));
    await provider.stop();
    const away = await checkServer({ listen: "127.0.0.1:0", ...flags }, {}, now);
    expect(away.findings).toContainEqual(like("warning", "single sign-on", "cannot be used"));
    expect(away.findings).toContainEqual(like("ok", "single sign-on", `${origin}/sso/callback`));
  });

  test("is warned of where logins are to ask a provider that names no refresh tokens", async () => {
    const provider = new StrangeProvider();
    const path = join(folder, "recheck-kek");
    writeFileSync(path, Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });
    const flags = {
      database: plain,
      "sso-client-id": "vouch",
      "sso-issuer": provider.url,
      "sso-recheck": "login",
      "key-encryption-key": `file:${path}`,
    };
    const warned = like("warning", "single sign-on", "names no scope offline_access");
    expect(await found(flags)).toContainEqual(warned);
    provider.does.offline = "scope";
    expect(await found(flags)).not.toContainEqual(warned);
    await provider.stop();
  });

  test("is refused without a client, and where the secret cannot be read", async () => {
    const alone = { database: plain, "sso-issuer": "http://127.0.0.1:9" };
    expect(await found(alone)).toContainEqual(like("error", "single sign-on", "--sso-client-id"));
    const missing = { ...alone, ...sso, "sso-client-secret-file": join(folder, "none") };
    expect(await found(missing)).toContainEqual(like("error", "single sign-on", "cannot be read"));
  });
});

describe("the certificate", () => {
  const host = new URL(origin).hostname;
  /** Flags with a certificate that is good from `from` to `until`, in seconds since 1970. */
  async function certificate(from: number, until: number, name = host) {
    const { cert, key } = await makeCertificate(name, from, until);
    writeFileSync(join(folder, "cert.pem"), cert);
    writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
    return { database: encrypted, "key-encryption-key": `file:${join(folder, "kek")}`, ...tls("cert.pem", "key.pem") };
  }
  const tls = (cert: string, key: string) => ({ "tls-cert": join(folder, cert), "tls-key": join(folder, key) });

  test("is right until three weeks before its end, then warned of, then refused", async () => {
    const flags = await certificate(now - day, now + 100 * day);
    expect(await found(flags)).toEqual([]);
    expect(await found(flags, {}, now + 80 * day)).toEqual([like("warning", "certificate", "in 20 days")]);
    expect(await found(flags, {}, now + 101 * day)).toEqual([like("error", "certificate", "ended on")]);
    expect(await found(flags, {}, now - 2 * day)).toEqual([like("error", "certificate", "valid only from")]);
  });

  test("is warned of for another host", async () => {
    const flags = await certificate(now - day, now + 100 * day, "other.example.com");
    expect(await found(flags)).toEqual([like("warning", "certificate", `not for ${host}`)]);
  });

  test.skipIf(process.geteuid?.() !== 0)("is refused where root may read its key, and the server may not", async () => {
    using state = tempFolder();
    const place = join(state.path, "server.db");
    copyFileSync(join(folder, "encrypted.db"), place);
    chownSync(state.path, 65_534, 65_534);
    const flags = { ...(await certificate(now - day, now + 100 * day)), database: `sqlite:${place}` };
    const [kekFile, keyFile] = [join(folder, "kek"), join(folder, "key.pem")];
    expect(await found(flags)).toEqual([
      like("error", "key-encryption key", `The server's user (uid 65534) may not read ${kekFile}.`),
      like("error", "certificate", `The server's user (uid 65534) may not read ${keyFile}.`),
    ]);
    // A credential is read by systemd.
    const credential = { ...flags, "key-encryption-key": "credential:kek" };
    chmodSync(keyFile, 0o640);
    expect(await found(credential, { CREDENTIALS_DIRECTORY: folder })).toEqual([]);
  });

  test("is refused with another key, without PEM, without a file", async () => {
    const flags = await certificate(now - day, now + 100 * day);
    writeFileSync(join(folder, "other.pem"), (await makeCertificate(host, now, now + day)).key, { mode: 0o600 });
    writeFileSync(join(folder, "garbage.pem"), "garbage");
    const problems = async (cert: string, key: string) => await found({ ...flags, ...tls(cert, key) });
    expect(await problems("cert.pem", "other.pem")).toEqual([like("error", "certificate", "is not the key of")]);
    expect(await problems("cert.pem", "garbage.pem")).toEqual([like("error", "certificate", "is not PEM")]);
    expect(await problems("none.pem", "key.pem")).toEqual([like("error", "certificate", "it does not exist")]);
  });
});

describe("the address", () => {
  test("is refused where another program has it", async () => {
    const taken = createServer((socket) => socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"));
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    expect(await found({ database: plain, listen: `127.0.0.1:${port}` })).toContainEqual(
      like("error", "listen", "in use by another program"),
    );
  });

  test("is right where this very server has it", async () => {
    const server = await startTestServer();
    onTestFinished(() => server.stop());
    const { findings } = await checkServer({ database: server.database, listen: new URL(server.base).host }, {}, now);
    expect(findings).toContainEqual(like("ok", "listen", `in use by a server for ${origin}`));
    expect(findings).toContainEqual(like("ok", "database", "has version"));
  });

  test("of the metrics is right where a server has it, whatever proxy there is", async () => {
    const server = await startTestServer();
    onTestFinished(() => server.stop());
    const metrics = listenForMetrics({ hostname: "127.0.0.1", port: 0 }, new ServerMetrics(server.store, () => now));
    onTestFinished(() => metrics.stop());
    const taken = createServer((socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"));
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const other = `127.0.0.1:${(taken.address() as { port: number }).port}`;
    const before = process.env["HTTP_PROXY"];
    onTestFinished(() => {
      if (before === undefined) delete process.env["HTTP_PROXY"];
      else process.env["HTTP_PROXY"] = before;
    });
    process.env["HTTP_PROXY"] = `http://${other}`;
    const flags = { database: server.database, listen: new URL(server.base).host };
    const { findings } = await checkServer({ ...flags, "metrics-listen": new URL(metrics.url).host }, {}, now);
    expect(findings).toContainEqual(like("ok", "metrics-listen", "in use by a server that runs"));
    expect(findings).toContainEqual(like("ok", "listen", `in use by a server for ${origin}`));
    const refused = await checkServer({ ...flags, "metrics-listen": other }, {}, now);
    expect(refused.findings).toContainEqual(like("error", "metrics-listen", "in use by another program"));
  });

  test.each([
    ["http://localhost:8787", "127.0.0.1:0", true],
    ["http://localhost:8787", "127.0.0.1:8786", true],
    ["https://localhost", "127.0.0.1:0", true],
    ["https://vouch.example.com", "127.0.0.1:0", false],
  ])("of a server for %s that listens on %s is warned of: %p", async (url, listen, isWarned) => {
    const missing = `sqlite:${join(folder, "none.db")}`;
    const warnings = (await found({ database: missing, url, listen })).filter(({ check }) => check === "listen");
    expect(warnings).toHaveLength(isWarned ? 1 : 0);
    if (isWarned) expect(warnings[0]).toEqual(like("warning", "listen", `${url} has port`));
  });

  test("is refused where this machine does not have it", async () => {
    expect(await found({ database: plain, listen: "192.0.2.1:8787" })).toContainEqual(
      like("error", "listen", "no such address"),
    );
  });
});

test("prints no password of a parameter that a database's URL has no place for", async () => {
  const url = "postgres://vouch@127.0.0.1:1/vouch?password=hunter2";
  const text = JSON.stringify(await checkServer({ listen: "127.0.0.1:0" }, { VOUCH_DATABASE: url }, now));
  expect(text).toContain("postgres://vouch@127.0.0.1:1/vouch");
  expect(text).not.toContain("hunter2");
});

test("prints no secret", async () => {
  const env = {
    VOUCH_DATABASE: "postgres://vouch:hunter2@127.0.0.1:1/vouch",
    VOUCH_KEY_ENCRYPTION_KEY: kek,
    VOUCH_SERVER_LISTEN: "127.0.0.1:0",
  };
  const text = JSON.stringify(await checkServer({}, env, now));
  expect(text).toContain("postgres://vouch@127.0.0.1:1/vouch");
  expect(text).not.toContain("hunter2");
  expect(text).not.toContain(kek);
});

describe.skipIf(!requiresPostgres())("with PostgreSQL", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.remove());

  test("looks at version, rights and keys without making a table", async () => {
    const url = await server.database();
    expect(await found({ database: url })).toEqual([like("error", "database", "not been initialised")]);
    const [empty] = await found({ database: url, url: origin });
    expect(empty).toMatchObject({
      level: "warning",
      hint: expect.stringMatching(/pg_restore, then run `vouch server restore`/),
    });
    const sql = lookInto(url);
    expect(await sql`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(0);
    const store = await openStore(url, { create: true, now });
    await initializeServer(store, origin, ["sts.amazonaws.com"], now);
    await store.close();
    expect(await found({ database: url })).toEqual([like("warning", "signing keys", "in clear text")]);
    await sql`ALTER TABLE audit_chains RENAME TO elsewhere`;
    const lacking = "lacks the table audit_chains, which version";
    expect(await found({ database: url })).toEqual([like("error", "database", lacking)]);
    const refused = await openStore(url, { create: false, now }).catch((error: unknown) => error);
    expect(String(refused)).toContain(lacking);
    await sql`ALTER TABLE elsewhere RENAME TO audit_chains`;
    await sql`CREATE ROLE reader LOGIN`;
    await sql`GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`;
    await sql.close();
    expect(await found({ database: url.replace("vouch@", "reader@") })).toContainEqual(
      like("error", "database", "cannot be written"),
    );
  });

  test("says that nothing answers", async () => {
    const url = await server.database();
    await server.stop();
    expect(await found({ database: url })).toEqual([like("error", "database", "cannot be used")]);
    await server.start();
  });
});
