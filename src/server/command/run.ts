import { notifyReady } from "../../base/system/readiness.ts";
import type { AuditEntry } from "../audit/entry.ts";
import { AuditLines } from "../audit/lines.ts";
import { expectFree } from "../check/listen.ts";
import { defaultReplica } from "../audit/operator.ts";
import { attestationOf } from "../configuration/attestation.ts";
import { browserLoginOf } from "../configuration/browser-login.ts";
import { settingArgs } from "../configuration/documentation.ts";
import { filesInUse } from "../configuration/files.ts";
import { portDiffers, urlHost } from "../configuration/listen.ts";
import { configurationPath, settingsOf } from "../configuration/settings.ts";
import { settingNames } from "../configuration/table.ts";
import { readTls, type TlsFiles, tlsFiles } from "../configuration/tls.ts";
import { initializeServer } from "../initialize.ts";
import { LogWriter } from "../http/log-writer.ts";
import { listenForMetrics, type MetricsListener } from "../metrics/listener.ts";
import type { RunningServer } from "../server.ts";
import { encryptHint } from "../signing/encrypt.ts";
import { keyMaker } from "../signing/signing-key.ts";
import { describeDatabase } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { currentTime, databaseOf, withStore } from "./database/database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { ssoSettings } from "../sso/settings.ts";
import { keyProtector } from "./signing-keys/key-encryption.ts";
import { atSameServer } from "./same-server.ts";

export const run = defineServerCommand({
  meta: { name: "run", description: "Answer requests until SIGTERM, with one line of JSON for each on stderr." },
  teaching: {
    details: [
      "It listens on the loopback interface for a proxy that ends TLS; with --tls-cert and --tls-key it does so itself. SIGHUP makes it read the certificate, its key, the audiences, the signing keys and a file of FIDO metadata again.",
      "Every setting is a flag, a variable and a key of the configuration file, in this order: `vouch server config example` prints the file, `vouch server check` says what is wrong with it.",
    ],
    examples: [
      ["vouch server run --listen 127.0.0.1:8787 --trust-proxy", "Behind a proxy on the same machine."],
      ["vouch server run --config /etc/vouch/server.toml", "With the settings of a file."],
      [
        "vouch server run --url http://localhost:8787 --database sqlite:/tmp/vouch.db",
        "Try it out on one machine, without TLS.",
      ],
    ],
  },
  args: settingArgs(...settingNames),
  async run({ args }) {
    // Until the server listens, SIGHUP has nothing to do; without a handler it would end the process.
    let hangUp = (): void => {};
    process.on("SIGHUP", () => hangUp());
    const settings = settingsOf(args, settingNames);
    const { url, listen } = settings;
    const files = tlsFiles(settings);
    const tls = files && readTls(files);
    const attestation = attestationOf(settings);
    const singleSignOn = ssoSettings(settings);
    const browserLogin = browserLoginOf(settings);
    const log = new LogWriter(2);
    const protector = await keyProtector(args, (detail) =>
      log.write({ time: new Date().toISOString(), event: "secret_readable", detail }),
    );
    const auditLog = settings["audit-log"];
    const config = configurationPath(args, process.env);
    const inUse = filesInUse(settings, config);
    const lines = auditLog === undefined ? undefined : new AuditLines(auditLog, inUse);
    const replica = settings.replica ?? defaultReplica(listen.port);
    const recorded = (entry: AuditEntry): void => lines?.write(entry);
    // Without a handler, a write beyond RLIMIT_FSIZE kills the process; with one it fails as on a full disk.
    process.on("SIGXFSZ", () => {});
    const serve = async (store: Store) => {
      const configured = await store.configuration.load();
      if (url !== undefined && configured?.url !== url) {
        await initializeServer(store, url, undefined, currentTime(), keyMaker(url, protector));
        await store.settled();
        if (configured === undefined) {
          const detail = `${describeDatabase(databaseOf(args).url)} was empty: it has the URL and a new signing key, and knows nobody. If there was a database before, stop and restore its backup`;
          log.write({ time: new Date().toISOString(), event: "database_made", detail });
        }
      }
      // Imported lazily: the WebAuthn library is slow to load, and no other command of this module needs it.
      const { startServer } = await import("../server.ts");
      const { ServerMetrics } = await import("../metrics/metrics.ts");
      const metricsListen = settings["metrics-listen"];
      const metrics = metricsListen && new ServerMetrics(store, currentTime);
      const server = await startServer({
        store,
        metrics,
        tls,
        ...listen,
        sessionDuration: settings["session-duration"],
        trustProxy: settings["trust-proxy"],
        sessionName: settings["session-name"],
        tagEmail: settings["tag-email"],
        tagGroups: settings["tag-groups"],
        allowSyncedPasskeys: settings["allow-synced-passkeys"],
        pages: settings.pages,
        browserLogin,
        attestation,
        publishVerification: settings["publish-verification"],
        dpopNonce: settings["dpop-nonce"],
        singleSignOn,
        keyProtector: protector,
        rotateEverySeconds: settings["rotate-every"],
        auditRetentionSeconds: settings["audit-retention"],
        auditFound: recorded,
        rateLimits: {
          enroll: settings["enroll-limit"],
          login: settings["login-limit"],
          token: settings["token-limit"],
          scim: settings["scim-limit"],
        },
        subjectLimits: { person: settings["person-limit"], credential: settings["credential-limit"] },
        log: (entry) => log.write(entry),
      });
      await warnOfClearText(store, log, atSameServer(encryptHint(protector !== undefined, config), args));
      const differs = portDiffers(server.url, server.port);
      if (differs !== undefined) log.write({ time: new Date().toISOString(), event: "port_differs", detail: differs });
      const scheme = tls ? "https" : "http";
      const ending = terminated();
      hangUp = () => {
        void reload(server, log, files);
        reopen(lines, log);
      };
      let metricsListener: MetricsListener | undefined;
      try {
        metricsListener = metrics && listenForMetrics(metricsListen, metrics);
        if (metricsListener)
          log.write({ time: new Date().toISOString(), event: "metrics", detail: metricsListener.url });
        const listening = `Vouch server for ${server.url} listening on ${scheme}://${urlHost(server.hostname)}:${server.port}`;
        // Stdout that carries the audit log has nothing else.
        if (auditLog === "-") log.write({ time: new Date().toISOString(), event: "listening", detail: listening });
        else print(listening);
        announceReadiness(log);
        await ending;
        await server.drain(settings["drain-time"] * 1000);
      } finally {
        await server.stop(settings["stop-time"] * 1000);
        await metricsListener?.stop();
      }
    };
    try {
      // Before the database is made, which a start that fails would leave behind.
      if (url !== undefined) await expectFree(listen);
      await withStore(args, url !== undefined, serve, { sync: "grouped", replica, by: "server", recorded });
    } finally {
      await lines?.close(1000);
      await log.close(1000);
    }
  },
});

/** Without it a unit with `Type=notify` is ended after `TimeoutStartSec`; the log then has the reason. */
function announceReadiness(log: LogWriter): void {
  try {
    notifyReady(process.env);
  } catch (error) {
    log.write({ time: new Date().toISOString(), event: "notify_failed", detail: (error as Error).message });
  }
}

/** Each part for itself: a certificate that cannot be read stops no change of keys, nor the other way round. */
async function reload(server: RunningServer, log: LogWriter, files: TlsFiles | undefined): Promise<void> {
  const failures: string[] = [];
  let tls: ReturnType<typeof readTls> | undefined;
  try {
    tls = files && readTls(files);
  } catch (error) {
    failures.push((error as Error).message);
  }
  try {
    await server.reload(tls);
  } catch (error) {
    failures.push((error as Error).message);
  }
  const time = new Date().toISOString();
  if (failures.length > 0) log.write({ time, event: "reload_failed", detail: failures.join(" ") });
  else log.write({ time, event: "reloaded", detail: "certificate, audiences and signing keys" });
}

function reopen(lines: AuditLines | undefined, log: LogWriter): void {
  try {
    lines?.reopen();
  } catch (error) {
    log.write({ time: new Date().toISOString(), event: "reload_failed", detail: (error as Error).message });
  }
}

async function warnOfClearText(store: Store, log: LogWriter, hint: string): Promise<void> {
  if ((await store.signingKeys.all()).every(({ protection }) => protection !== undefined)) return;
  log.write({
    time: new Date().toISOString(),
    event: "signing_keys_in_clear_text",
    detail: `Whoever has a copy of the database can sign as this server. ${hint}`,
  });
}

/** Resolves on SIGTERM or SIGINT; a second signal, of either, ends the process at once. */
function terminated(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ["SIGTERM", "SIGINT"] as const;
  const end = (): void => {
    for (const signal of signals) process.off(signal, end);
    resolve();
  };
  for (const signal of signals) process.on(signal, end);
  return promise;
}
