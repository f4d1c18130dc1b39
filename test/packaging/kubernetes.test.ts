/** The manifest for Kubernetes: valid by the schemas of its API, and what it says is what the server then does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import * as v from "valibot";
import { settingsTable } from "../../src/server/configuration/table.ts";
import { executable } from "../laptop.ts";
import { requiresPath } from "../requires.ts";
import { type Postgres, requiresPostgres, startPostgres } from "../server/postgres.ts";

const root = join(import.meta.dir, "../..");
const file = join(root, "packaging/kubernetes/vouch-server.yaml");
const validator = join(root, ".tools/kubernetes-validate/bin/kubernetes-validate");

const probe = v.object({
  httpGet: v.object({ path: v.string(), port: v.string() }),
  periodSeconds: v.number(),
  timeoutSeconds: v.optional(v.number(), 1),
  failureThreshold: v.optional(v.number(), 3),
});
const container = v.object({
  args: v.array(v.string()),
  ports: v.array(v.object({ name: v.string(), containerPort: v.number() })),
  env: v.array(v.object({ name: v.string(), value: v.optional(v.string()) })),
  livenessProbe: probe,
  readinessProbe: probe,
});
const deployment = v.object({
  spec: v.object({
    replicas: v.number(),
    template: v.object({
      spec: v.object({ terminationGracePeriodSeconds: v.number(), containers: v.tuple([container]) }),
    }),
  }),
});
const [first] = v.parse(v.looseTuple([deployment]), YAML.parse(readFileSync(file, "utf8")));
const { replicas, template } = first.spec;
const { containers, terminationGracePeriodSeconds } = template.spec;
const { args, env, livenessProbe, ports, readinessProbe } = containers[0];
const values = Object.fromEntries(env.map(({ name, value }) => [name, value ?? ""]));

describe.skipIf(!requiresPath(validator, ".ci/tools kubernetes-validate"))("by the schemas of the API", () => {
  // Those that the validator brings along.
  const schemas = new Bun.Glob(
    ".tools/kubernetes-validate/lib/python*/site-packages/kubernetes_validate/kubernetes-json-schema/*",
  ).scanSync({
    cwd: root,
    onlyFiles: false,
  });
  const versions = [...schemas].flatMap((path) => /v(1\.\d+)\.\d+-local/.exec(path)?.[1] ?? []).toSorted();

  test("it is valid, and a mistake would be found", async () => {
    expect(versions.length).toBeGreaterThan(3);
    const text = readFileSync(file, "utf8");
    const validate = async (input: string, version: string) => {
      const child = Bun.spawn([validator, "--strict", "--kubernetes-version", version, "-"], {
        stdin: Buffer.from(input),
        stdout: "pipe",
        stderr: "pipe",
      });
      return { exitCode: await child.exited, text: (await child.stdout.text()) + (await child.stderr.text()) };
    };
    for (const version of [versions[0]!, versions.at(-1)!])
      expect(await validate(text, version)).toMatchObject({ exitCode: 0 });
    const mistaken = await validate(text.replace("readinessProbe", "readynessProbe"), versions[0]!);
    expect(mistaken).toMatchObject({ exitCode: 1, text: expect.stringContaining("readynessProbe") });
  });
});

test("the settings are the server's, and the probes ask it", () => {
  const known = new Set(Object.values(settingsTable).map(({ variable }) => variable));
  expect(Object.keys(values).filter((name) => name !== "KEK" && !known.has(name))).toEqual([]);
  const portOf = (address: string) => Number(address.split(":")[1]);
  expect(ports).toEqual([
    { name: "http", containerPort: portOf(values["VOUCH_SERVER_LISTEN"]!) },
    { name: "metrics", containerPort: portOf(values["VOUCH_SERVER_METRICS_LISTEN"]!) },
  ]);
  expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual(["/healthz", "/readyz"]);
});

test("a pod drains for longer than its readiness is noticed, and ends before it is killed", () => {
  const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)![1]);
  const drain = seconds(values["VOUCH_SERVER_DRAIN_TIME"]!);
  const { failureThreshold, periodSeconds, timeoutSeconds } = readinessProbe;
  expect(drain).toBeGreaterThan(periodSeconds * failureThreshold + timeoutSeconds);
  expect(terminationGracePeriodSeconds).toBeGreaterThan(drain + seconds(String(settingsTable["stop-time"].default)));
});

describe.skipIf(!requiresPostgres())("with the manifest's variables", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres?.remove();
  });

  test("all replicas start at once on an empty database, and are one issuer", async () => {
    const secrets = { VOUCH_DATABASE: await postgres.database(), KEK: randomBytes(32).toString("base64") };
    const pods = Array.from({ length: replicas }, (_, number) =>
      Bun.spawn([executable, ...args], {
        env: {
          ...values,
          ...secrets,
          VOUCH_SERVER_REPLICA: `vouch-server-7d9c5b-${number}`,
          VOUCH_SERVER_LISTEN: "127.0.0.1:0",
          VOUCH_SERVER_METRICS_LISTEN: "127.0.0.1:0",
        },
        stdio: ["ignore", "ignore", "pipe"],
      }),
    );
    const endings: number[] = [];
    try {
      const bases = await Promise.all(pods.map(listeningAt));
      const answers = await Promise.all(
        bases.map(async (base) => {
          for (const { httpGet } of [livenessProbe, readinessProbe])
            expect((await fetch(base + httpGet.path)).status).toBe(200);
          return await (await fetch(`${base}/.well-known/jwks.json`)).text();
        }),
      );
      expect(new Set(answers).size).toBe(1);
    } finally {
      for (const pod of pods) {
        // The second one ends it without the drain.
        pod.kill("SIGTERM");
        pod.kill("SIGTERM");
      }
      endings.push(...(await Promise.all(pods.map(async ({ exited }) => exited))));
    }
    expect(endings).toHaveLength(replicas);
  });
});

/** The audit log has stdout, so the server says on stderr where it listens. */
async function listeningAt({ stderr }: { stderr: ReadableStream<Uint8Array> }): Promise<string> {
  let text = "";
  for await (const chunk of stderr) {
    text += new TextDecoder().decode(chunk);
    const base = /listening on ([^\s"]+)"/.exec(text)?.[1];
    if (base !== undefined) return base;
  }
  throw new Error(`no address in "${text}"`);
}
