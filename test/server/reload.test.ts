/** SIGHUP: what a server reads again, each part for itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { initializeServer } from "../../src/server/initialize.ts";
import type { Certificate } from "../../src/server/http/listener.ts";
import { readCertificate } from "../../src/server/policy/certificate.ts";
import { noRules } from "../../src/server/policy/policy.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { rotate } from "../../src/server/signing/rotation.ts";
import { keyMaker } from "../../src/server/signing/signing-key.ts";
import { openStore } from "../../src/server/store/open.ts";
import type { Store } from "../../src/server/store/store.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { makeCertificate } from "./check/certificate.ts";
import { makeBlob, metadataService, type MetadataService } from "./policy/blob.ts";
import { origin } from "./test-server.ts";

const now = () => Math.floor(Date.now() / 1000);
const folder = tempFolderUntil(afterAll);
let first: Certificate;
let second: Certificate;
let store: Store;
let server: RunningServer;
let service: MetadataService;
const blob = join(folder, "blob.jwt");
beforeAll(async () => {
  service = await metadataService();
  writeFileSync(blob, makeBlob(service, { no: 1, nextUpdate: "2199-01-01" }));
  first = await makeCertificate("first.example.com", now() - 3600, now() + 3600);
  second = await makeCertificate("second.example.com", now() - 3600, now() + 3600);
  store = await openStore(`sqlite:${join(folder, "vouch.db")}`, { create: true, now: now() });
  await initializeServer(store, origin, undefined, now());
  server = await startServer({
    store,
    hostname: "127.0.0.1",
    port: 0,
    tls: first,
    keyRefreshMs: 2 ** 30,
    metadataLookMs: 2 ** 30,
    attestation: {
      rules: noRules,
      source: { location: blob, roots: [readCertificate(service.root.certificate)] },
    },
    log: () => {},
  });
});
afterAll(async () => {
  await server.stop();
  await store.close();
});

/** The host of the certificate that it shows. */
function shown(): Promise<string | undefined> {
  const found = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false }, () => {
    found.resolve(new X509Certificate(socket.getPeerCertificate().raw).subjectAltName);
    socket.destroy();
  });
  socket.on("error", found.reject);
  return found.promise;
}
async function published(): Promise<string[]> {
  const url = `https://127.0.0.1:${server.port}/.well-known/jwks.json`;
  const response = await fetch(url, { tls: { rejectUnauthorized: false }, keepalive: false });
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}
const failureOf = async (tls: Certificate | undefined) =>
  await server.reload(tls).then(
    () => "none",
    (error: Error) => error.message,
  );

test("a database that is away keeps no certificate from being replaced, nor a broken certificate the keys", async () => {
  const load = store.configuration.load.bind(store.configuration);
  store.configuration.load = async () => {
    throw new Error("away");
  };
  expect(await failureOf(second)).toBe("away");
  expect(await shown()).toBe("DNS:second.example.com");
  store.configuration.load = load;

  const { key } = await rotate(store, now(), keyMaker(origin, undefined));
  expect(await failureOf({ cert: "none", key: first.key })).toContain("not PEM");
  expect(await shown()).toBe("DNS:second.example.com");
  expect(await published()).toContain(key.kid);
  expect(await failureOf(first)).toBe("none");
  expect(await shown()).toBe("DNS:first.example.com");
});

test("a file of FIDO metadata is read again", async () => {
  const number = async () => (await store.attestationMetadata.load())?.number;
  expect(await number()).toBe(1);
  writeFileSync(blob, makeBlob(service, { no: 2, nextUpdate: "2199-01-01" }));
  expect(await failureOf(first)).toBe("none");
  expect(await number()).toBe(2);
});
