/**
 * schemathesis makes requests from docs/openapi.yaml, right and wrong ones, and the compiled server answers each as the
 * document says. `VOUCH_SCHEMATHESIS_EXAMPLES` is how many it makes for each operation in its fuzzing phase.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { requiresPath } from "../../requires.ts";
import { startTlsServer, type TlsServer } from "./tls-server.ts";

const root = join(import.meta.dir, "../../..");
const program = join(root, ".tools/schemathesis/bin/schemathesis");
const installed = requiresPath(program, ".ci/tools schemathesis");
const examples = process.env["VOUCH_SCHEMATHESIS_EXAMPLES"] ?? "20";

let server: TlsServer;
beforeAll(async () => {
  if (!installed) return;
  const limits = ["enroll", "login", "token", "scim"].flatMap((name) => [`--${name}-limit`, "1000000"]);
  server = await startTlsServer(...limits);
});
afterAll(() => server?.stop());

test.skipIf(!installed)(
  "schemathesis finds nothing",
  async () => {
    const sessions: Record<string, object> = {};
    for (const name of ["lasting", "ending", "administering"]) {
      const { accessToken, dpop } = await server.session(`${name}@example.com`);
      if (name === "administering") await server.makeAdministrator(`${name}@example.com`);
      sessions[name] = { accessToken, privateJwk: await dpop.privateJwk() };
    }
    const child = Bun.spawn(
      [
        program,
        "--config-file",
        join(import.meta.dir, "schemathesis.toml"),
        "run",
        join(root, "docs/openapi.yaml"),
        "--url",
        server.url,
        "--tls-verify",
        server.caPath,
      ].concat([
        "--checks",
        "all",
        "--max-examples",
        examples,
        "--continue-on-failure",
        "--no-color",
        "--generation-database",
        "none",
        "--request-timeout",
        "60",
      ]),
      {
        cwd: server.folder,
        env: {
          PATH: process.env["PATH"],
          HOME: server.folder,
          PYTHONDONTWRITEBYTECODE: "1",
          SCHEMATHESIS_HOOKS: join(import.meta.dir, "schemathesis_hooks.py"),
          VOUCH_SESSIONS: JSON.stringify(sessions),
          VOUCH_SCIM_TOKEN: await server.scimToken(),
          VOUCH_URL: server.url,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect({ exitCode: await child.exited, report: output.slice(-20_000) + errors }).toMatchObject({ exitCode: 0 });
  },
  1_800_000,
);
