/** Which certificate authorities the executable trusts: the system's store counts, variables that turn checks off do not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { executable } from "../../laptop.ts";
import { requires, requiresMountNamespace, requiresPath } from "../../requires.ts";
import { makeCertificates, type Certificates } from "../../sandbox/certificates.ts";
import { tempFolder } from "../../temp-folder.ts";

/** The system's store where the mount namespace replaces it: Debian's path, which curl reads as well. */
const store = "/etc/ssl/certs/ca-certificates.crt";

const temporary = tempFolder();
const folder = temporary.path;
let certificates: Certificates;
let server: Bun.Server<undefined>;
let url: string;
let requests = 0;
beforeAll(async () => {
  certificates = await makeCertificates(["localhost"], folder);
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificates.certificate, key: certificates.privateKey },
    fetch: () => {
      requests++;
      return Response.json({});
    },
  });
  url = `https://localhost:${server.port}`;
});
afterAll(async () => {
  await server.stop(true);
  temporary[Symbol.dispose]();
});

/** What `vouch enroll` with an agent of its own says; `prepare` is a shell command that runs before it. */
async function enroll(env: Record<string, string>, prepare = "true", wrapper: string[] = []): Promise<string> {
  const script = `${prepare} && echo 0123456789abcdefghjkmnpqrs | "$V" enroll --server ${url}; "$V" status --json; "$V" status; "$V" agent stop >&2`;
  const running = Bun.spawn([...wrapper, "sh", "-c", script], {
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      VOUCH_RUNTIME_DIR: mkdtempSync(join(folder, "run-")),
      V: executable,
      CA: certificates.caPath,
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([running.stdout.text(), running.stderr.text(), running.exited]);
  return stdout + stderr;
}

const untrusted = "its certificate is not trusted";
/** The server's answer was read: it is none of a Vouch server. */
const reached = "did not answer as a Vouch server";

test.each([
  {},
  { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
  { NODE_TLS_REJECT_UNAUTHORIZED: "false" },
  { NODE_OPTIONS: "--use-openssl-ca", BUN_OPTIONS: "--use-bundled-ca", NODE_TLS_REJECT_UNAUTHORIZED: "0" },
])("a server whose authority nobody trusts gets no request, with the environment %j", async (env) => {
  const before = requests;
  expect(await enroll(env as Record<string, string>)).toContain(untrusted);
  expect(requests).toBe(before);
});

test("the status names the variables about TLS and proxies that the agent was started with, and hides passwords", async () => {
  const env = {
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NO_PROXY: "localhost",
    HTTPS_PROXY: "http://dev:s3cret@127.0.0.1:9",
  };
  const said = await enroll(env);
  expect(said).toContain('"HTTPS_PROXY": "http://…@127.0.0.1:9"');
  expect(said).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0 (without effect on Vouch)");
  expect(said).not.toContain("s3cret");
});

test("SSL_CERT_FILE names the authority of the Vouch server, which is then trusted", async () => {
  expect(await enroll({ SSL_CERT_FILE: certificates.caPath })).toContain(reached);
});

const namespace =
  requires("curl") && requiresMountNamespace() && requiresPath(store, "apt-get install ca-certificates");
test.skipIf(!namespace)("an authority that is in the system's store only is trusted, as by curl", async () => {
  const prepare = `mount --bind "$CA" ${store} && curl --silent --show-error --fail --output "$HOME/answer" ${url}/`;
  expect(await enroll({}, prepare, ["unshare", "--mount"])).toContain(reached);
});
