/** The way to PostgreSQL: TLS that is verified, logins, and what a command says where either fails. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "../../../sandbox/certificates.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres, writeOwn } from "../../postgres.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const password = "correct horse/battery:staple@%";

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  const folder = tempFolderUntil(afterAll);
  const otherFolder = tempFolderUntil(afterAll);
  let server: Postgres;
  let trusted: string;
  let other: string;
  beforeAll(async () => {
    server = await startPostgres();
    const sql = lookInto(await server.database());
    await sql.unsafe(`CREATE ROLE reader LOGIN; CREATE ROLE secret LOGIN PASSWORD '${password}'`).simple();
    await sql.unsafe("CREATE DATABASE secret OWNER secret");
    await sql.close();
    const { certificate, privateKey, caPath } = await makeCertificates(["localhost"], folder);
    trusted = caPath;
    other = (await makeCertificates(["localhost"], otherFolder)).caPath;
    writeOwn(join(server.folder, "data/server.crt"), certificate);
    writeOwn(join(server.folder, "data/server.key"), privateKey);
    const rules = ["hostssl secret secret all scram-sha-256", "host all vouch,reader all trust", "local all all trust"];
    writeOwn(join(server.folder, "data/pg_hba.conf"), `${rules.join("\n")}\n`);
    await server.stop();
    await server.start({ ssl: "on" });
  });
  afterAll(async () => server?.remove());

  /** Runs `vouch server` with this environment; what it prints never has the password. */
  async function vouch(args: string[], env: Record<string, string> = {}) {
    const child = Bun.spawn([process.execPath, main, "server", ...args], {
      env: { PATH: process.env["PATH"], HOME: folder, VOUCH_DEBUG: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
    for (const part of ["horse", "staple"]) expect(out + err).not.toContain(part);
    return { code: await child.exited, out, err };
  }
  const init = (database: string, env: Record<string, string> = {}) =>
    vouch(["init", "--url", "https://vouch.example.com", ...(database === "" ? [] : ["--database", database])], env);
  const at = (host: string, name: string, parameters = "", user = "vouch") =>
    `postgres://${user}@${host}:${server.port}/${name}${parameters}`;

  test("is reached by TLS whose certificate is verified, whatever the runtime's variables say", async () => {
    const url = at("localhost", "test_1", `?sslmode=verify-full&sslrootcert=${trusted}`);
    // None of these may lead the connection anywhere else, or weaken it.
    const variables = {
      PGHOST: "192.0.2.1",
      PGPORT: "1",
      PGDATABASE: "nowhere",
      PGUSER: "nobody",
      PGPASSWORD: "wrong",
      PGSSLMODE: "disable",
      PGOPTIONS: "-c no.such_setting_would=be accepted -x",
      DATABASE_URL: "postgres://nobody@192.0.2.1/nowhere",
      TLS_DATABASE_URL: "mysql://nobody@192.0.2.1/nowhere",
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    };
    const made = await init(url, variables);
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining(`--database ${url}`) });
    const untrusted = at("localhost", "test_1", `?sslmode=verify-full&sslrootcert=${other}`);
    expect(await vouch(["users", "--database", untrusted], variables)).toMatchObject({
      code: 1,
      err: expect.stringContaining("its TLS certificate is not trusted"),
    });
  });

  test("is refused when its certificate is of an authority that is not trusted, or for another host", async () => {
    for (const url of [
      at("localhost", "test_1", `?sslrootcert=${other}`),
      at("localhost", "test_1", "?sslmode=verify-full"),
      at("127.0.0.1", "test_1", `?sslrootcert=${trusted}`),
    ]) {
      const { code, err } = await vouch(["users", "--database", url]);
      expect({ code, err }).toMatchObject({
        code: 1,
        err: expect.stringContaining("its TLS certificate is not trusted"),
      });
    }
  });

  test("is refused without TLS where TLS is demanded", async () => {
    await server.stop();
    await server.start({ ssl: "off" });
    const { code, err } = await vouch(["users", "--database", at("localhost", "test_1", `?sslrootcert=${trusted}`)]);
    await server.stop();
    await server.start({ ssl: "on" });
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("it offers no TLS") });
  });

  test("is logged in to with the password of a file, or of the variable's URL", async () => {
    const parameters = `?sslrootcert=${trusted}`;
    const url = at("localhost", "secret", parameters, "secret");
    const file = join(folder, "password");
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    expect(await init(url, { VOUCH_DATABASE_PASSWORD_FILE: file })).toMatchObject({ code: 0 });
    const whole = url.replace("secret@", `secret:${encodeURIComponent(password)}@`);
    const again = await init("", { VOUCH_DATABASE: whole });
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining("postgres://secret@localhost") });
    const invited = await vouch(["invite", "dev@example.com", "--json"], { VOUCH_DATABASE: whole });
    expect(JSON.parse(invited.out)).toMatchObject({ email: "dev@example.com", server: "https://vouch.example.com" });
  });

  test("says what is wrong with a login", async () => {
    const parameters = `?sslrootcert=${trusted}`;
    const secret = at("localhost", "secret", parameters, "secret");
    const cases: [string, Record<string, string>, number, string][] = [
      [secret, {}, 1, "it refuses the user or the password"],
      [secret, {}, 1, "--database-password-file FILE"],
      [secret, { PGPASSWORD: password }, 1, "it refuses the user or the password"],
      [
        "",
        { VOUCH_DATABASE: secret.replace("secret@", "secret:wrong-staple@") },
        1,
        "it refuses the user or the password",
      ],
      [secret.replace("secret@", `secret:${encodeURIComponent(password)}@`), {}, 2, "VOUCH_DATABASE_PASSWORD_FILE"],
      [secret, { VOUCH_DATABASE_PASSWORD_FILE: "/nowhere" }, 1, "VOUCH_DATABASE_PASSWORD_FILE names /nowhere"],
      [at("127.0.0.1", "nowhere"), {}, 1, "there is no such database"],
      [at("127.0.0.1", "test_1", "", "stranger"), {}, 1, "it refuses the user or the password"],
      ["postgres://vouch@127.0.0.1:1/test_1", {}, 6, "it cannot be reached"],
      [at("127.0.0.1", "postgres"), {}, 1, "has no tables of Vouch"],
    ];
    for (const [database, env, code, words] of cases) {
      const answer = await vouch(["users", ...(database === "" ? [] : ["--database", database])], env);
      expect({ database, ...answer }).toMatchObject({ code, err: expect.stringContaining(words) });
    }
  });

  test("is reached through a Unix socket", async () => {
    const url = `postgres:///test_1?host=${server.folder}&port=${server.port}&user=vouch`;
    expect(await init(url)).toMatchObject({ code: 0 });
  });

  test("is not backed up by Vouch, which names what does it", async () => {
    const url = at("127.0.0.1", "test_1");
    const { code, err } = await vouch(["backup", join(folder, "copy.db"), "--database", url]);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining("pg_dump") });
  });
});
