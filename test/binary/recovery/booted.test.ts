/** docs/server.md and docs/recovery.md on an empty machine, under its systemd: the unit as it is shipped. */
import { afterEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { blocksOf } from "../../docs/blocks.ts";
import { requires, requiresEmptyMachine } from "../../requires.ts";
import { makeCertificate } from "../../server/check/certificate.ts";
import { requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { type BootedMachine, bootMachine } from "./booted-machine.ts";
import { enrol, exchange, kids, login, type Person, url } from "./people.ts";

/** Types what docs/server.md has under this heading, from one block to before another. */
async function typeServerPage(machine: BootedMachine, heading: string, from: number, to?: number): Promise<string> {
  const blocks = blocksOf("docs/server.md").filter((block) => block.heading === heading && block.language === "sh");
  let said = "";
  for (const { text } of blocks.slice(from, to)) said += await machine.type(text);
  return said;
}

const service = "As a service, and in a container";
const started: BootedMachine[] = [];
afterEach(async () => {
  for (const machine of started.splice(0)) await machine.remove();
});

async function boot(): Promise<BootedMachine> {
  const machine = await bootMachine();
  started.push(machine);
  await typeServerPage(machine, service, 0, 1);
  await set(machine, {
    url,
    database: "sqlite:/var/lib/vouch-server/server.db",
    listen: `${machine.address}:8787`,
  });
  await machine.type('echo "trust-proxy = true" >> /etc/vouch/server.toml');
  return machine;
}

/** Sets keys of the configuration file, which are comments in it before. */
async function set(machine: BootedMachine, settings: Record<string, string>): Promise<void> {
  for (const [key, value] of Object.entries(settings)) {
    await machine.type(`sed -i 's|^#*${key} = .*|${key} = "${value}"|' /etc/vouch/server.toml
      grep -qx '${key} = "${value}"' /etc/vouch/server.toml`);
  }
}

const ready = async (machine: BootedMachine) => (await fetch(`${machine.base()}/readyz`)).status;

/** What holds after a runbook: the service is up when the last command returns, and a person gets ID tokens. */
async function expectWorks(machine: BootedMachine, person: Person): Promise<void> {
  expect(await ready(machine)).toBe(200);
  const { status, body } = await login(machine.base(), person);
  expect(status).toBe(200);
  expect((await exchange(machine.base(), person, body.access_token)).status).toBe(200);
}

/** Waits until the service's journal has the text so many times. */
async function inJournal(machine: BootedMachine, text: string, times = 1): Promise<void> {
  const journal = () => machine.type("journalctl --unit vouch-server --output cat");
  while ((await journal()).split(text).length <= times) await Bun.sleep(50);
}

/** The SHA-256 fingerprint of the certificate that a server shows on port 443. */
async function shownCertificate(host: string): Promise<string> {
  const socket = connect({ host, port: 443, servername: "localhost", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

const isRunning = `in use by a server for ${url} that runs`;

describe.skipIf(!requiresEmptyMachine() || !requires("openssl"))("on an empty machine", () => {
  test("the service is there when `systemctl start` returns, and fails where it cannot be", async () => {
    const machine = await boot();
    const said = await typeServerPage(machine, service, 1, 2);
    expect(said).toContain("is ready to run");
    const person = await enrol(machine, "dev@example.com");
    await expectWorks(machine, person);

    // SIGHUP ends a process that has no handler yet, and systemd takes that for a clean end.
    const again = "systemctl restart vouch-server && systemctl reload vouch-server && vouch server check";
    expect(await machine.type(again)).toContain(isRunning);
    await inJournal(machine, '"event":"reloaded"', 2);

    const security = await machine.type("systemd-analyze security --no-pager vouch-server");
    const [, exposure] = /Overall exposure level for vouch-server.service: (\d\.\d)/.exec(security)!;
    expect(readFileSync(join(import.meta.dir, "../../../docs/server.md"), "utf8")).toContain(
      `gives it ${exposure} of 10`,
    );

    await machine.crash();
    await machine.until("systemctl show --property NRestarts --value vouch-server", "1\n");
    await machine.until("systemctl is-active vouch-server || true", "active\n");
    await expectWorks(machine, person);

    await machine.type("echo 'no-such = 1' >> /etc/vouch/server.toml");
    await machine.type("systemctl restart vouch-server", 1);
    await inJournal(machine, 'has the unknown key "no-such"');
  });

  test("the audit log has a file of its own, and `systemctl stop` drains first", async () => {
    const machine = await boot();
    await set(machine, { "drain-time": "600s" });
    await set(machine, { "audit-log": "/var/log/vouch-server/audit.jsonl" });
    await machine.type("systemctl start vouch-server");
    await machine.type("vouch server check && test -s /var/log/vouch-server/audit.jsonl");
    await machine.type("systemctl stop --no-block vouch-server");
    while ((await ready(machine)) !== 503) await Bun.sleep(20);
    expect(await kids(machine.base())).toHaveLength(1);
    // The second signal ends it at once.
    await machine.type("systemctl kill vouch-server");
    await machine.until("systemctl is-active vouch-server || true", "inactive\n");
  });

  test("TLS of its own on port 443, with a key for root and the server alone, follows a renewal", async () => {
    const machine = await boot();
    const vouch = join(machine.root, "etc/vouch");
    const renew = async (keyFile: string) => {
      const now = Math.floor(Date.now() / 1000);
      const { cert, key } = await makeCertificate("localhost", now - 3600, now + 90 * 24 * 3600);
      writeFileSync(join(vouch, "cert.pem"), cert);
      // Owner, group and mode stay where there is one, as with tools for renewals.
      writeFileSync(join(vouch, keyFile), key, { mode: 0o600 });
    };
    await machine.type("systemctl enable --now vouch-server");
    await renew("key.pem");
    await set(machine, {
      listen: `${machine.address}:443`,
      "tls-cert": "/etc/vouch/cert.pem",
      "tls-key": "/etc/vouch/key.pem",
    });
    expect(await machine.type("vouch server check", 1)).toContain("may not read /etc/vouch/key.pem");
    await typeServerPage(machine, "TLS of its own", 0);
    expect(await machine.type("vouch server check")).toContain(isRunning);
    const inFile = () => new X509Certificate(readFileSync(join(vouch, "cert.pem"))).fingerprint256;
    const before = inFile();
    expect(await shownCertificate(machine.address)).toBe(before);
    await renew("key.pem");
    await machine.type("systemctl reload vouch-server");
    expect(inFile()).not.toBe(before);
    await inJournal(machine, '"event":"reloaded"');
    expect(await shownCertificate(machine.address)).toBe(inFile());
  });

  test("SQLite: backup, a file and a disk that are gone, another machine, another version, somebody who leaves", async () => {
    const machine = await boot();
    await machine.type("systemctl enable --now vouch-server");
    const person = await enrol(machine, "dev@example.com");
    const leaver = await enrol(machine, "leaver@example.com");
    const keys = await kids(machine.base());
    await machine.follow("Back up a SQLite database");

    await machine.type("rm /var/lib/vouch-server/server.db*");
    expect(await machine.follow("Restore a SQLite database")).toContain(isRunning);
    await expectWorks(machine, person);

    // A disk that is new, and one that was below the folder which systemd's link leads to.
    for (const lost of ["/var/lib/vouch-server /var/lib/private/vouch-server", "/var/lib/private/vouch-server"]) {
      await machine.type(`systemctl stop vouch-server && rm -r ${lost}`);
      expect(await machine.follow("Restore a SQLite database")).toContain(isRunning);
      await expectWorks(machine, person);
    }
    expect(await machine.type("stat --format %a /var/lib/vouch-server/server.db")).toBe("600\n");

    await machine.type("cp vouch vouch-new");
    expect(await machine.follow("Upgrade")).toContain(isRunning);
    await machine.follow("Roll back", 0);
    await expectWorks(machine, person);
    expect(await machine.follow("Roll back", 1)).toContain(isRunning);
    await expectWorks(machine, person);

    await enrol(machine, "admin@example.com");
    await machine.follow("An administrator's laptop is stolen");
    await machine.follow("Somebody leaves");
    expect((await login(machine.base(), leaver)).status).toBe(400);

    await machine.follow("Move to another machine", 0);
    const next = await boot();
    copyFileSync(join(machine.home, "vouch-move.db"), join(next.home, "vouch-move.db"));
    expect(await next.follow("Move to another machine", 1)).toContain(isRunning);
    await expectWorks(next, person);
    expect(await kids(next.base())).toEqual(keys);

    // The runbook has a URL of its own.
    await set(next, { url: "https://vouch.example.com" });
    await next.type("systemctl stop vouch-server && rm -r /var/lib/private/vouch-server");
    const said = await next.follow("The database is lost");
    expect(said).toContain("in use by a server for https://vouch.example.com that runs");
    expect(said).toContain("Enrolment code for dev@example.com");
    expect(await ready(next)).toBe(200);
  });

  test("a key-encryption key as a credential: kept from the disk, lost, and made anew", async () => {
    const machine = await boot();
    await machine.type(`(umask 077 && openssl rand -base64 32 > /etc/vouch/kek)
      sed -i 's/^#LoadCredential=kek/LoadCredential=kek/' /etc/systemd/system/vouch-server.service
      systemctl daemon-reload`);
    await set(machine, { "key-encryption-key": "credential:kek" });
    await machine.type("systemctl start vouch-server");
    const person = await enrol(machine, "dev@example.com");
    const [before] = await kids(machine.base());
    await machine.type("rm /etc/vouch/kek");
    await machine.type("systemctl restart vouch-server", 1);
    await inJournal(machine, "Failed to set up credentials");
    expect(await machine.follow("The signing key is lost")).toContain(isRunning);
    await expectWorks(machine, person);
    expect(await kids(machine.base())).not.toContain(before);

    const encrypted = blocksOf("docs/recovery.md").filter(({ text }) => text.includes("systemd-creds"));
    const [unlock = "", lock = ""] = encrypted.map(({ text }) => text);
    // By itself it uses no host key that is in memory, as all of this machine is.
    const inMemory = lock.replace("encrypt ", "encrypt --with-key=host ");
    await machine.type(`mkdir /run/vouch-recovery && cp /etc/vouch/kek /run/vouch-recovery/kek
      ${inMemory} rm -r /etc/vouch/kek /run/vouch-recovery
      sed -i 's|^LoadCredential=kek.*|LoadCredentialEncrypted=kek:/etc/vouch/kek.cred|' /etc/systemd/system/vouch-server.service
      systemctl daemon-reload && systemctl restart vouch-server`);
    await expectWorks(machine, person);
    expect(
      await machine.type(`${unlock} vouch server backup vouch-backup.db
      vouch server restore vouch-backup.db --dry-run && vouch server check`),
    ).toContain(isRunning);
  });

  test.skipIf(!requiresPostgres() || !requires("pg_dump", "pg_restore", "createdb", "dropdb", "psql"))(
    "PostgreSQL, with its password as a credential: from SQLite, backup, restore",
    async () => {
      const postgres = await startPostgres();
      try {
        const database = `postgres://vouch@127.0.0.1:${postgres.port}/vouch`;
        const machine = await boot();
        await machine.type("systemctl start vouch-server");
        const person = await enrol(machine, "dev@example.com");
        Object.assign(machine.env, {
          PGHOST: "127.0.0.1",
          PGPORT: `${postgres.port}`,
          PGUSER: "vouch",
          VOUCH_DATABASE: database,
          VOUCH_CHECK: `${database}_check`,
          VOUCH_DATABASE_PASSWORD_FILE: "/etc/vouch/database-password",
        });
        await machine.type(`(umask 077 && echo sesame > /etc/vouch/database-password)
          sed -i 's/^#LoadCredential=database-password/LoadCredential=database-password/' /etc/systemd/system/vouch-server.service
          systemctl daemon-reload && createdb vouch && systemctl stop vouch-server
          vouch server migrate --from sqlite:/var/lib/vouch-server/server.db --to ${database}`);
        await set(machine, {
          database,
          "database-password-file": "/run/credentials/vouch-server.service/database-password",
        });
        await machine.type("systemctl start vouch-server");
        await expectWorks(machine, person);
        await machine.follow("Back up a PostgreSQL database");
        expect(await machine.follow("Restore a PostgreSQL database")).toContain(isRunning);
        await expectWorks(machine, person);

        // Until the database answers a start waits, and fails; systemd tries again.
        await machine.type("systemctl stop vouch-server");
        await postgres.stop();
        await machine.type("systemctl start vouch-server", 1);
        await postgres.start();
        await machine.until("systemctl is-active vouch-server || true", "active\n");
        await expectWorks(machine, person);
      } finally {
        await postgres.remove();
      }
    },
  );
});
