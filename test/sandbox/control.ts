/**
 * The sandbox's control API, for a test or demo that runs the sandbox as a process of its own. JSON over HTTP on a port
 * of 127.0.0.1: `GET /counters`, `GET /trail`, `GET /refused`, `POST /knobs`, `POST /seed`.
 */
import * as v from "valibot";
import type { Sandbox } from "./main.ts";
import { seedPackage } from "./packages.ts";

export interface Control {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  stop(): Promise<void>;
}

const Operation = v.picklist([
  "AssumeRole",
  "AssumeRoleWithWebIdentity",
  "GetCallerIdentity",
  "GetAuthorizationToken",
  "GetRepositoryEndpoint",
  "ListDomains",
  "ListRepositoriesInDomain",
]);

/** What `POST /knobs` takes. A knob that is left out stays as it is. */
const KnobsSchema = v.strictObject({
  /** The IAM actions that are denied to every role, in place of those denied before. */
  deniedActions: v.optional(v.array(v.string())),
  /** The wait before every answer of STS and CodeArtifact. */
  latencyMs: v.optional(v.number()),
  /** How far AWS's clock is ahead of this machine's; a day lets every token expire. */
  clockOffsetMs: v.optional(v.number()),
  /** Error answers in place of the real ones. */
  failNext: v.optional(
    v.strictObject({
      operation: Operation,
      status: v.number(),
      code: v.string(),
      message: v.string(),
      times: v.optional(v.number(), 1),
    }),
  ),
  /** The origin of the Vouch server; null takes it down. */
  vouchServer: v.optional(v.nullable(v.string())),
});

/** What `POST /seed` takes: a package that is to be in my-repo. */
const SeedSchema = v.strictObject({
  format: v.picklist(["cargo", "npm", "pypi"]),
  name: v.string(),
  version: v.string(),
  files: v.record(v.string(), v.string()),
});

/** Listens on a free port. A request that does not fit is answered 400 with `{"error": …}`. */
export function startControl(sandbox: Sandbox): Control {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/counters": { GET: () => Response.json(sandbox.counters()) },
      "/trail": { GET: () => Response.json(sandbox.account.trail) },
      "/refused": { GET: () => Response.json(sandbox.refused) },
      "/knobs": {
        async POST(request) {
          turn(sandbox, v.parse(KnobsSchema, await request.json()));
          return Response.json({});
        },
      },
      "/seed": {
        async POST(request) {
          const { format, ...source } = v.parse(SeedSchema, await request.json());
          await seedPackage(sandbox.registries, format, source);
          return Response.json({});
        },
      },
    },
    fetch: () => Response.json({ error: "no such route" }, { status: 404 }),
    error: (error) => Response.json({ error: error.message }, { status: 400 }),
  });
  return { url: server.url.origin, stop: () => server.stop(true) };
}

function turn({ account, setVouchServer }: Sandbox, knobs: v.InferOutput<typeof KnobsSchema>): void {
  if (knobs.deniedActions) {
    account.deniedActions.clear();
    for (const action of knobs.deniedActions) account.deniedActions.add(action);
  }
  if (knobs.latencyMs !== undefined) account.latencyMs = knobs.latencyMs;
  if (knobs.clockOffsetMs !== undefined) account.clockOffsetMs = knobs.clockOffsetMs;
  if (knobs.failNext) {
    const { operation, times, ...failure } = knobs.failNext;
    account.failNext(operation, failure, times);
  }
  if (knobs.vouchServer !== undefined) setVouchServer(knobs.vouchServer ?? undefined);
}
