/** What the server counts, read by a strict parser of OpenMetrics. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Counter, exposition, Histogram, Info } from "../../../src/server/metrics/families.ts";
import { listenForMetrics } from "../../../src/server/metrics/listener.ts";
import { ServerMetrics } from "../../../src/server/metrics/metrics.ts";
import { routes } from "../../../src/server/routes.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { makeCertificate } from "../check/certificate.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { newPerson } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { type MetricFamily, parseOpenMetrics, requiresOpenMetrics } from "./openmetrics.ts";

const canParse = requiresOpenMetrics();

describe.skipIf(!canParse)("the parser that the tests trust", () => {
  test.each([
    ["no end", "# TYPE a counter\na_total 1\n"],
    ["a counter without _total", "# TYPE a counter\na 1\n# EOF\n"],
    ["a label twice", '# TYPE a gauge\na{b="1",b="2"} 1\n# EOF\n'],
    ["a series twice", '# TYPE a gauge\na{b="1"} 1\na{b="1"} 1\n# EOF\n'],
    [
      "buckets that fall",
      '# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
    ["no last bucket", '# TYPE a histogram\na_bucket{le="1.0"} 2\na_count 2\na_sum 1\n# EOF\n'],
    ["another unit than the name's", "# TYPE a_bytes gauge\n# UNIT a_bytes seconds\na_bytes 1\n# EOF\n"],
    ["a quote that is not escaped", '# TYPE a gauge\na{b="c"d"} 1\n# EOF\n'],
  ])("refuses %s", (_, text) => {
    expect(() => parseOpenMetrics(text)).toThrow();
  });
});

describe.skipIf(!canParse)("families", () => {
  test("come back from the parser as they were, whatever is in their labels", () => {
    const counter = new Counter({ name: "things", help: 'Of "all" kinds\\sorts\nand more.' }, ["kind"]);
    const odd = ['"', "\\", "\n", "\\n", "{}", "é", ",", "=", " ", ""];
    for (const kind of odd) counter.increment(kind);
    const info = new Info({ name: "build", help: "The version." }, { version: '1.2.3-"x"' });
    const { things, build } = parseOpenMetrics(exposition([counter, info]));
    expect(new Set(things!.samples.map(({ labels }) => labels["kind"]))).toEqual(new Set(odd));
    expect(build!.samples[0]!.labels).toEqual({ version: '1.2.3-"x"' });
  });

  test("of a histogram have every value in the first bucket that holds it", () => {
    const histogram = new Histogram({ name: "wait_seconds", unit: "seconds", help: "Waiting." }, [0.5, 1, 2.5]);
    for (const value of [0, 0.5, 0.500001, 1, 2.5, 3, 1e9]) histogram.observe(value);
    const family = parseOpenMetrics(exposition([histogram]))["wait_seconds"]!;
    const buckets = family.samples.filter(({ name }) => name.endsWith("_bucket"));
    expect(buckets.map(({ labels, value }) => [labels["le"], Number(value)])).toEqual([
      ["0.5", 2],
      ["1.0", 4],
      ["2.5", 5],
      ["+Inf", 7],
    ]);
    expect(Number(family.samples.find(({ name }) => name.endsWith("_sum"))!.value)).toBeCloseTo(1e9 + 7.500001, 5);
  });

  test("stay bounded, whatever is counted", () => {
    const counter = new Counter({ name: "things", help: "All." }, ["kind"]);
    for (let index = 0; index < 5_000; index++) counter.increment(`${index}`);
    const samples = parseOpenMetrics(exposition([counter]))["things"]!.samples;
    expect(samples.length).toBeLessThanOrEqual(1_001);
    expect(samples.reduce((sum, { value }) => sum + Number(value), 0)).toBe(5_000);
  });
});

describe.skipIf(!canParse)("the server", () => {
  let server: TestServer;
  let store: Store;
  let metrics: ServerMetrics;
  beforeAll(async () => {
    // The metrics must know the store before the server has made one of its own.
    server = await startTestServer({ rateLimits: { enroll: 100, login: 100, token: 100 }, metrics: late() });
    store = await openStore(server.database, { create: false, now: server.now() });
    metrics = new ServerMetrics(store, () => server.now());
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  /** Hands on to `metrics`, which is made later. */
  function late(): ServerMetrics {
    return {
      serves: (certificate: string) => metrics.serves(certificate),
      begun: () => metrics.begun(),
      granted: (path: string, isLogin: boolean) => metrics.granted(path, isLogin),
      answered: (...args: Parameters<ServerMetrics["answered"]>) => metrics.answered(...args),
    } as ServerMetrics;
  }

  const read = async () => parseOpenMetrics(await metrics.exposition());
  const value = (family: MetricFamily | undefined, labels: Record<string, string> = {}) =>
    Number(
      family?.samples.find(
        (sample) =>
          !sample.name.endsWith("_bucket") &&
          !sample.name.endsWith("_sum") &&
          Object.entries(labels).every(([name, text]) => sample.labels[name] === text),
      )?.value ?? Number.NaN,
    );

  test("counts logins, tokens, enrolments and refusals with their reasons", async () => {
    const person = await newPerson(server);
    const { accessToken, dpop } = person;
    await server.exchange(accessToken, dpop);
    await server.exchange(accessToken, dpop);
    expect((await server.exchange(accessToken, dpop, { audience: "other" })).status).toBe(400);
    expect((await server.exchange(accessToken, await DpopKey.generate())).status).toBe(400);
    expect((await server.exchange("unknown", dpop)).status).toBe(400);
    await fetch(`${server.base}/nothing/dev@example.com`);
    const families = await read();
    expect(value(families["vouch_logins"])).toBe(1);
    expect(value(families["vouch_id_tokens"], { purpose: "read" })).toBe(2);
    expect(value(families["vouch_enrollments"])).toBe(1);
    expect(value(families["vouch_refusals"], { reason: "invalid_target" })).toBe(1);
    expect(value(families["vouch_refusals"], { reason: "invalid_grant" })).toBe(2);
    expect(value(families["vouch_http_requests"], { route: "/oauth/token", status: "200" })).toBe(3);
    expect(value(families["vouch_http_requests"], { route: "/oauth/token", status: "400" })).toBe(3);
    expect(value(families["vouch_http_requests"], { route: "other", status: "404" })).toBe(1);
    expect(value(families["vouch_http_request_duration_seconds"], { route: "/oauth/token" })).toBe(6);
    expect(value(families["vouch_http_requests_in_flight"])).toBe(0);
    expect(value(families["vouch_sessions"])).toBe(1);
    expect(value(families["vouch_signing_key_age_seconds"])).toBe(server.now() - 1_800_000_000);
    expect(value(families["vouch_database_operation_duration_seconds"])).toBeGreaterThan(10);
    expect(value(families["vouch_database_connections_busy"])).toBe(0);
    expect(value(families["process_resident_memory_bytes"])).toBeGreaterThan(1e6);
  });

  test("has no label but those of its own tables: nobody's name, address, token or path", async () => {
    const { accessToken, dpop, key, email } = await newPerson(server);
    await server.exchange(accessToken, dpop);
    const hostile = [`/${email}`, `/v1/enroll/${accessToken}`, "/v1/enroll%2Foptions", '/"}\n# EOF', "/../x"];
    for (const path of hostile) await fetch(server.base + encodeURI(path), { method: "PURGE" });
    const text = await metrics.exposition();
    for (const secret of [email, accessToken, key.id, "127.0.0.1", "PURGE"]) expect(text).not.toContain(secret);
    const known = new Set(["other", ...routes.map(({ path }) => path)]);
    for (const family of Object.values(parseOpenMetrics(text))) {
      for (const { labels } of family.samples) {
        if (labels["route"] !== undefined) expect(known).toContain(labels["route"]);
        if (labels["status"] !== undefined) expect(labels["status"]).toMatch(/^[1-5]\d\d$/);
        if (labels["reason"] !== undefined) expect(labels["reason"]).toMatch(/^[a-z_]+$/);
      }
    }
  });

  test("has the families that docs/server.md names, and no other", async () => {
    const documented = /^## Metrics$([^]*?)^## /m.exec(
      readFileSync(new URL("../../../docs/server.md", import.meta.url), "utf8"),
    )![1]!;
    const rows = [...documented.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) =>
      cell!.replaceAll(/\(.*?\)/g, "").match(/[a-z_]+/g)!,
    );
    const { cert } = await makeCertificate("vouch.example.com", server.now(), server.now() + 1000);
    metrics.serves(cert);
    expect(Object.keys(await read()).toSorted()).toEqual(rows.toSorted());
  });

  test("says when its certificate ends", async () => {
    const { cert } = await makeCertificate("vouch.example.com", server.now(), server.now() + 1000);
    metrics.serves(cert);
    expect(value((await read())["vouch_tls_certificate_end_timestamp_seconds"])).toBe(server.now() + 1000);
  });

  test("answers on the listener of the metrics, and only there", async () => {
    const listener = listenForMetrics({ hostname: "127.0.0.1", port: 0 }, metrics);
    const answer = await fetch(listener.url);
    expect(answer.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(Object.keys(parseOpenMetrics(await answer.text()))).toContain("vouch_http_requests");
    expect((await fetch(listener.url.replace("/metrics", "/healthz"))).status).toBe(404);
    expect((await fetch(listener.url, { method: "POST", body: "" })).status).toBe(405);
    expect((await fetch(`${server.base}/metrics`)).status).toBe(404);
    await listener.stop();
  });

  test("still answers when the database does not", async () => {
    const closed = await openStore(server.database, { create: false, now: server.now() });
    await closed.close();
    const alone = new ServerMetrics(closed, () => server.now());
    const families = parseOpenMetrics(await alone.exposition());
    expect(families["vouch_logins"]!.samples[0]!.value).toBe("0");
    expect(families["vouch_sessions"]).toBeUndefined();
  });
});
