import { VouchError } from "../../base/errors.ts";
import type { AuditEntry } from "../audit/entry.ts";
import { AuditLines } from "../audit/lines.ts";
import { defaultReplica, parseReplica } from "../audit/operator.ts";
import { parseRetention } from "../audit/retention.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { initializeServer } from "../initialize.ts";
import { LogWriter } from "../http/log-writer.ts";
import type { RunningServer } from "../server.ts";
import { parseRotateEvery } from "../signing/life-cycle.ts";
import { makeSigningKey } from "../signing/signing-key.ts";
import { parseSessionDuration } from "../oauth/session-duration.ts";
import type { Store } from "../store/store.ts";
import { parseServerUrl } from "../http/url.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { keyEncryptionArg, keyProtector } from "./key-encryption.ts";

export const run = defineServerCommand({
  meta: { name: "run", description: "Answer requests until SIGTERM, with one line of JSON for each on stderr." },
  teaching: {
    details: [
      "It listens on the loopback interface for a proxy that ends TLS; with --tls-cert and --tls-key it does so itself. SIGHUP makes it read the certificate, its key, the audiences and the signing keys again.",
    ],
    examples: [
      ["vouch server run --listen 127.0.0.1:8787 --trust-proxy", "Behind a proxy on the same machine."],
      [
        "vouch server run --url http://localhost:8787 --database sqlite:/tmp/vouch.db",
        "Try it out on one machine, without TLS.",
      ],
    ],
  },
  args: {
    url: {
      type: "string",
      description: "The URL of the server, when `vouch server init` has not fixed it yet.",
      valueHint: "https://HOST",
    },
    listen: {
      type: "string",
      description: "The address to listen on; port 0 takes a free one.",
      valueHint: "HOST:PORT",
      default: "127.0.0.1:8787",
    },
    ...databaseArg,
    ...keyEncryptionArg,
    "session-duration": {
      type: "string",
      description: "How long a login lasts, at most 8h (like 8h, 90m, 300s).",
      valueHint: "DURATION",
      default: "8h",
    },
    "tls-cert": { type: "string", description: "The certificate chain, a PEM file.", valueHint: "FILE" },
    "tls-key": { type: "string", description: "The private key of the certificate, a PEM file.", valueHint: "FILE" },
    "trust-proxy": {
      type: "boolean",
      description: "Take clients' addresses from X-Forwarded-For, which the proxy in front must set.",
    },
    "publish-verification": {
      type: "string",
      description:
        "What publishing needs besides the session, where a repository has a role for it: a touch of the security key, or also its PIN (or finger).",
      valueHint: "touch|pin",
      default: "touch",
    },
    "tag-email": {
      type: "boolean",
      description:
        "Tag sessions at AWS with the person's e-mail address (vouch:email), which CloudTrail and the accounts of a chain then show.",
    },
    "rotate-every": {
      type: "string",
      description:
        "Make a new signing key so often (like 90d, at least 2d); of several replicas one does. Default: only `vouch server signing-keys rotate` does.",
      valueHint: "DAYS",
    },
    "audit-retention": {
      type: "string",
      description: "Remove entries of the audit log that are older (like 400d). Default: they stay.",
      valueHint: "DAYS",
    },
    "audit-log": {
      type: "string",
      description:
        "Write each entry of the audit log as a line of JSON to this file too, which SIGHUP opens anew; - is stdout.",
      valueHint: "FILE",
    },
    replica: {
      type: "string",
      description:
        "The name of this server in the audit log, unlike that of others. Default: the machine's and the port.",
      valueHint: "NAME",
    },
    "allow-synced-passkeys": {
      type: "boolean",
      description: "Accept passkeys that their provider copies from device to device, which are refused otherwise.",
    },
  },
  async run({ args }) {
    const { hostname, port } = parseListen(args.listen);
    const sessionDuration = parseSessionDuration(args["session-duration"]);
    const tls = readTls(args["tls-cert"], args["tls-key"]);
    const url = args.url === undefined ? undefined : parseServerUrl(args.url);
    const rotateEverySeconds = parseRotateEvery(args["rotate-every"]);
    const publishVerification = parseVerification(args["publish-verification"]);
    const protector = await keyProtector(args["key-encryption-key"]);
    const auditRetentionSeconds = parseRetention(args["audit-retention"]);
    const replica = parseReplica(args.replica) ?? defaultReplica(port);
    const log = new LogWriter(2);
    const lines = args["audit-log"] === undefined ? undefined : new AuditLines(args["audit-log"]);
    const recorded = (entry: AuditEntry): void => lines?.write(entry);
    // Without a handler, a write beyond RLIMIT_FSIZE kills the process; with one it fails as on a full disk.
    process.on("SIGXFSZ", () => {});
    const serve = async (store: Store) => {
      const configured = await store.configuration.load();
      if (url !== undefined && configured?.url !== url) {
        await initializeServer(store, url, undefined, currentTime(), () => makeSigningKey(url, protector));
        await store.settled();
      }
      // Imported lazily: the WebAuthn library is slow to load, and no other command of this module needs it.
      const { startServer } = await import("../server.ts");
      const server = await startServer({
        store,
        hostname,
        port,
        sessionDuration,
        trustProxy: args["trust-proxy"] === true,
        tagEmail: args["tag-email"] === true,
        allowSyncedPasskeys: args["allow-synced-passkeys"] === true,
        publishVerification,
        keyProtector: protector,
        rotateEverySeconds,
        auditRetentionSeconds,
        auditFound: recorded,
        log: (entry) => log.write(entry),
        ...(tls ? { tls } : {}),
      });
      await warnOfClearText(store, log);
      const scheme = tls ? "https" : "http";
      const ending = terminated();
      process.on("SIGHUP", () => lines?.reopen());
      process.on("SIGHUP", () => void reload(server, log, args["tls-cert"], args["tls-key"]));
      try {
        const listening = `Vouch server for ${server.url} listening on ${scheme}://${urlHost(server.hostname)}:${server.port}`;
        // Stdout that carries the audit log has nothing else.
        if (args["audit-log"] === "-")
          log.write({ time: new Date().toISOString(), event: "listening", detail: listening });
        else print(listening);
        await ending;
      } finally {
        await server.stop();
      }
    };
    try {
      await withStore(args.database, url !== undefined, serve, { sync: "grouped", replica, by: "server", recorded });
    } finally {
      await lines?.close(1000);
      await log.close(1000);
    }
  },
});

/** Parses HOST:PORT, with an IPv6 host in brackets. Throws `usage`. */
export function parseListen(text: string): { hostname: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) throw new VouchError("usage", `Expected --listen HOST:PORT, got "${text}".`);
  return { hostname: match[1].replaceAll(/[[\]]/g, ""), port };
}

function parseVerification(text: string): "touch" | "pin" {
  if (text === "touch" || text === "pin") return text;
  throw new VouchError("usage", `Expected --publish-verification touch or pin, got "${text}".`);
}

function readTls(cert: string | undefined, key: string | undefined): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new VouchError("usage", "Expected --tls-cert and --tls-key together, got one of them.");
  }
  return { cert: readPem(cert), key: readPem(key) };
}

function readPem(path: string): string {
  try {
    return readRegularFile(path, 1 << 20).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be read: ${whyUnreadable(error)}.`, { cause: error });
  }
}

/** Returns the URL host for a listening address: brackets around IPv6, loopback for the wildcard address. */
export function urlHost(hostname: string): string {
  const bare = hostname.replaceAll(/[[\]]/g, "");
  if (bare === "0.0.0.0") return "127.0.0.1";
  if (bare === "::") return "[::1]";
  return bare.includes(":") ? `[${bare}]` : bare;
}

async function reload(
  server: RunningServer,
  log: LogWriter,
  cert: string | undefined,
  key: string | undefined,
): Promise<void> {
  const time = new Date().toISOString();
  try {
    await server.reload(readTls(cert, key));
    log.write({ time, event: "reloaded", detail: "certificate, audiences and signing keys" });
  } catch (error) {
    log.write({ time, event: "reload_failed", detail: (error as Error).message });
  }
}

async function warnOfClearText(store: Store, log: LogWriter): Promise<void> {
  if ((await store.signingKeys.all()).every(({ protection }) => protection !== undefined)) return;
  log.write({
    time: new Date().toISOString(),
    event: "signing_keys_in_clear_text",
    detail: "whoever has a copy of the database can sign as this server: run `vouch server signing-keys encrypt`",
  });
}

/** Resolves on SIGTERM or SIGINT; a second signal exits at once. */
function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
