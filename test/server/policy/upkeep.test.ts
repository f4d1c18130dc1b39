/** Metadata of a running server: where they come from, that they never go back, and that nothing waits for them. */
import "reflect-metadata";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PemConverter, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import { MetadataSchedule, type MetadataSource } from "../../../src/server/policy/metadata-source.ts";
import { AttestationPolicy, noRules } from "../../../src/server/policy/policy.ts";
import { keepMetadata, type MetadataUpkeep } from "../../../src/server/policy/upkeep.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { issue } from "./authority.ts";
import { type BlobShape, makeBlob, metadataService, type MetadataService } from "./blob.ts";

const folder = tempFolderUntil(afterAll);
const blob = join(folder, "blob.jwt");
let service: MetadataService;
let other: MetadataService;
beforeAll(async () => {
  service = await metadataService();
  other = await metadataService();
});

let time = Date.parse("2027-01-15T08:00:00Z") / 1000;
let store: Store;
let databases = 0;
let keeping: MetadataUpkeep[] = [];
let logs: string[] = [];
beforeEach(async () => {
  time = Date.parse("2027-01-15T08:00:00Z") / 1000;
  logs = [];
  store = await openStore(`sqlite:${join(folder, `${++databases}.db`)}`, { create: true, now: time });
});
afterEach(async () => {
  for (const each of keeping) await each.stop();
  keeping = [];
  await store.close();
});

const rootOf = ({ root }: MetadataService) => [readCertificate(root.certificate)];
const write = (shape: BlobShape, by = service) => writeFileSync(blob, makeBlob(by, shape));

/** A server's part with this source; it looks by itself only if it is given an interval. */
async function keep(source: MetadataSource | undefined, intervalMs = 2 ** 30) {
  const policy = new AttestationPolicy(noRules, () => time);
  const upkeep = await keepMetadata({
    store,
    policy,
    source,
    now: () => time,
    intervalMs,
    log: (event, detail) => logs.push(`${event}: ${detail}`),
  });
  keeping.push(upkeep);
  return { policy, upkeep };
}
const file = (by = service) => ({ location: blob, roots: rootOf(by) });

test("a file is read at the start, and is there after a restart without it", async () => {
  write({ no: 10 });
  expect((await keep(file())).policy.metadata).toMatchObject({ number: 10, source: blob });
  expect(logs).toEqual(["attestation_metadata_changed: number 10, 0 models, the next by 2027-02-01"]);
  expect((await keep(undefined)).policy.metadata?.number).toBe(10);
});

test("a newer file is taken when it is there, and an older one never again", async () => {
  write({ no: 10 });
  const { policy, upkeep } = await keep(file());
  write({ no: 11 });
  await upkeep.reload();
  expect(policy.metadata?.number).toBe(11);
  write({ no: 10 });
  await upkeep.reload();
  expect(policy.metadata?.number).toBe(11);
  expect(logs.at(-1)).toBe(
    `attestation_metadata_failed: The FIDO metadata of ${blob} have number 10, those that the server has number 11: they never go back.`,
  );
  // Not by a restart either.
  expect((await keep(file())).policy.metadata?.number).toBe(11);
});

test("numbers of another root have nothing to do with it", async () => {
  write({ no: 500 }, other);
  await keep(file(other));
  write({ no: 10 });
  expect((await keep(file())).policy.metadata?.number).toBe(10);
});

test("what cannot be verified changes nothing, and is said once until it is over", async () => {
  write({ no: 10 });
  const { policy, upkeep } = await keep(file());
  write({ no: 12 }, other);
  await upkeep.reload();
  await upkeep.reload();
  expect(policy.metadata?.number).toBe(10);
  const failures = () => logs.filter((line) => line.startsWith("attestation_metadata_failed"));
  expect(failures()).toEqual([expect.stringContaining("it leads to no root that is trusted")]);
  rmSync(blob);
  await upkeep.reload();
  expect(failures().at(-1)).toContain("cannot be read: it does not exist");
  write({ no: 12 });
  await upkeep.reload();
  expect(policy.metadata?.number).toBe(12);
});

test("what another replica has read is taken, without a source too", async () => {
  const { policy } = await keep(undefined, 1);
  const replica = await openStore(`sqlite:${join(folder, `${databases}.db`)}`, { create: false, now: time });
  const read = {
    number: 7,
    nextUpdate: "2027-02-01",
    root: "ab".repeat(32),
    source: "",
    readAt: time,
    models: [],
    skipped: 0,
  };
  await replica.transaction(async (tables) => await tables.attestationMetadata.keep(read));
  while (policy.metadata?.number !== 7) await Bun.sleep(1);
  await replica.close();
});

test("of two replicas with an old and a new issue the new one stays", async () => {
  const issued = { nextUpdate: "2027-02-01", root: "ab".repeat(32), source: "", readAt: time, models: [], skipped: 0 };
  const kept = await Promise.all(
    [8, 9, 7].map((number) =>
      store.transaction(async (tables) => await tables.attestationMetadata.keep({ ...issued, number })),
    ),
  );
  expect((await store.attestationMetadata.load())?.number).toBe(9);
  expect(kept[1]).toBe(true);
});

test("metadata that are long overdue are said to be", async () => {
  write({ no: 10 });
  const { upkeep } = await keep(file());
  time = Date.parse("2027-02-09T00:00:00Z") / 1000;
  await upkeep.reload();
  expect(logs.at(-1)).toContain("they were to be replaced by 2027-02-01");
});

describe("a URL", () => {
  let answer: (request: Request) => Response | Promise<Response>;
  let asked = 0;
  let server: ReturnType<typeof Bun.serve>;
  let caBundle: string;
  beforeAll(async () => {
    const ca = await issue({ isCa: true, subject: "CN=Web Root" });
    const more = [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])];
    const web = await issue({ issuer: ca, subject: "CN=localhost", aaguid: null, more });
    const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", web.keys.privateKey), "PRIVATE KEY");
    caBundle = join(folder, "web-ca.pem");
    writeFileSync(caBundle, ca.pem);
    server = Bun.serve({
      port: 0,
      hostname: "localhost",
      tls: { cert: web.pem, key },
      fetch: (request) => {
        asked++;
        return answer(request);
      },
    });
  });
  afterAll(async () => await server.stop(true));
  beforeEach(() => {
    asked = 0;
  });
  const url = (): MetadataSource => ({
    location: `https://localhost:${server.port}/blob`,
    roots: rootOf(service),
    caBundle,
  });
  const untilLogged = async (text: string) => {
    while (!logs.some((line) => line.includes(text))) await Bun.sleep(1);
  };

  test("is asked in the background, once a day", async () => {
    answer = () => new Response(makeBlob(service, { no: 20 }));
    const { policy } = await keep(url(), 1);
    await untilLogged("number 20");
    expect(policy.metadata?.source).toBe(url().location);
    answer = () => new Response(makeBlob(service, { no: 21 }));
    time += 24 * 3600;
    await untilLogged("number 21");
    expect(asked).toBe(2);
  });

  test("that never answers keeps no server from starting or stopping", async () => {
    const held = Promise.withResolvers<Response>();
    const begun = Promise.withResolvers<void>();
    answer = () => {
      begun.resolve();
      return held.promise;
    };
    const { policy, upkeep } = await keep(url());
    await begun.promise;
    expect(policy.metadata).toBeUndefined();
    await upkeep.stop();
    expect(logs).toEqual([]);
    held.resolve(new Response("late"));
  });

  test("is asked after the database: the server begins with what it had", async () => {
    answer = () => new Response(makeBlob(service, { no: 20 }));
    await keep(url(), 1);
    await untilLogged("number 20");
    answer = () => Promise.withResolvers<Response>().promise;
    time += 24 * 3600;
    expect((await keep(url())).policy.metadata?.number).toBe(20);
  });

  test.each([
    [
      "a redirect",
      () => Response.redirect("https://localhost/elsewhere"),
      "a redirect (status 302), which is not followed",
    ],
    ["an error", () => new Response("no", { status: 503 }), "answered with status 503"],
    ["more than 16 MiB", () => new Response("A".repeat((16 << 20) + 1)), "is larger than 16777216 bytes"],
    ["a web page", () => new Response("<html>Log in</html>"), "they are no JWT"],
    ["the blob of another service", () => new Response(makeBlob(other)), "it leads to no root that is trusted"],
  ])("that answers with %s changes nothing", async (_what, wrong, reason) => {
    answer = wrong;
    const { policy } = await keep(url());
    await untilLogged(reason);
    expect(policy.metadata).toBeUndefined();
  });

  test("whose certificate is not trusted is not asked", async () => {
    const { policy } = await keep({ ...url(), caBundle: undefined });
    await untilLogged("its certificate is not trusted");
    expect({ asked, metadata: policy.metadata }).toEqual({ asked: 0, metadata: undefined });
  });
});

describe("the schedule", () => {
  const source = { location: "https://mds.example.com/", roots: undefined };
  const day = 24 * 3600;
  const metadata = (readAt: number, nextUpdate: string, from = source.location) => ({
    number: 1,
    nextUpdate,
    root: "ab".repeat(32),
    source: from,
    readAt,
    models: [],
    skipped: 0,
  });
  test.each([
    ["nothing yet", true, undefined],
    ["what was read an hour ago", false, metadata(-3600, "1970-03-01")],
    ["what was read a day ago", true, metadata(-day, "1970-03-01")],
    ["what was due and was read a minute ago", false, metadata(-60, "1969-12-31")],
    ["what was due and was read an hour ago", true, metadata(-3600, "1969-12-31")],
    ["what another source gave", true, metadata(0, "1970-03-01", "/blob.jwt")],
  ])("with %s asks a URL: %p", (_what, isTime, has) => {
    expect(new MetadataSchedule().isTime(source, has, 0)).toBe(isTime);
  });

  test("asks again an hour after a failure", () => {
    const schedule = new MetadataSchedule();
    expect([0, 3599, 3600].map((now) => schedule.isTime(source, undefined, now))).toEqual([true, false, true]);
  });

  test("reads a file that changed, and looks for one that is missing", () => {
    const path = join(folder, "scheduled");
    const schedule = new MetadataSchedule();
    const look = () => schedule.isTime({ location: path, roots: undefined }, undefined, 0);
    expect([look(), look()]).toEqual([true, true]);
    writeFileSync(path, "a");
    expect([look(), look()]).toEqual([true, false]);
    writeFileSync(path, "ab");
    expect(look()).toBe(true);
  });
});
