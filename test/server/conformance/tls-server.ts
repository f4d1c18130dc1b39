/** The compiled server over TLS on a port of this machine, and the session that a security key opens there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { ended, executable, type Finished, firstLine } from "../../laptop.ts";
import { makeCertificates } from "../../sandbox/certificates.ts";
import { tempFolder } from "../../temp-folder.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

export interface TlsServer {
  /** Its URL, the issuer: https://localhost with a port. */
  url: string;
  /** The file with the certificate authority, and its text. */
  caPath: string;
  ca: string;
  folder: string;
  /** Enrols a new security key of this person. */
  enroll(email: string): Promise<TestSecurityKey>;
  /** The parameters of the token endpoint for a login with the key, besides the grant type. */
  loginParameters(key: TestSecurityKey): Promise<{ ceremony: string; credential: string }>;
  /** Enrols a key and logs in; `dpop` is the key that the session is bound to. */
  session(email: string): Promise<{ accessToken: string; dpop: DpopKey }>;
  makeAdministrator(email: string): Promise<void>;
  /** A new token of SCIM. */
  scimToken(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it; `settings` are further arguments of `vouch server run`. */
export async function startTlsServer(...settings: string[]): Promise<TlsServer> {
  const temporary = tempFolder();
  const folder = temporary.path;
  const { ca, caPath, certificate, privateKey } = await makeCertificates(["localhost"], folder);
  const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(certPath, certificate);
  writeFileSync(keyPath, privateKey, { mode: 0o600 });
  const { process: running, port, database } = await listening(folder, certPath, keyPath, settings);
  const url = `https://localhost:${port}`;

  async function post(path: string, body: object, headers: Record<string, string> = {}) {
    const isForm = body instanceof URLSearchParams;
    const response = await fetch(url + path, {
      method: "POST",
      headers: { ...(isForm ? {} : { "content-type": "application/json" }), ...headers },
      body: isForm ? body : JSON.stringify(body),
      tls: { ca },
    });
    const answer = (await response.json()) as ReturnType<typeof JSON.parse>;
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  const server: TlsServer = {
    url,
    ca,
    caPath,
    folder,
    async enroll(email) {
      const key = new TestSecurityKey();
      const { code } = JSON.parse(await ended(vouch(folder, ["server", "invite", email, "--json", ...database])));
      const { ceremony, options } = await post("/v1/enroll/options", { code });
      await post("/v1/enroll", { ceremony, code, credential: key.register(options, url) });
      return key;
    },
    async loginParameters(key) {
      const { ceremony, options } = await post("/v1/login/options", {});
      return { ceremony, credential: JSON.stringify(key.authenticate(options, url)) };
    },
    async session(email) {
      const parameters = await server.loginParameters(await server.enroll(email));
      const form = new URLSearchParams({ grant_type: webauthnGrant, ...parameters });
      const dpop = await DpopKey.generate();
      const proof = await dpop.proof({ url: `${url}/oauth/token`, now: Math.floor(Date.now() / 1000) });
      return { accessToken: (await post("/oauth/token", form, { dpop: proof })).access_token, dpop };
    },
    async makeAdministrator(email) {
      const store = await openStore(database[1]!, { create: false, now: Math.floor(Date.now() / 1000) });
      await store.roles.setRole((await store.accounts.findUser(email))!.id, "administrator");
      await store.close();
    },
    scimToken: async () =>
      JSON.parse(await ended(vouch(folder, ["server", "scim", "add", "test", "--json", ...database]))).token,
    async stop() {
      running.kill();
      await running.exited;
      temporary[Symbol.dispose]();
    },
  };
  return server;
}

/** Its URL, which is written into the database first, names its port: one that is free is tried until one stays free. */
async function listening(folder: string, certPath: string, keyPath: string, settings: string[]) {
  for (let attempt = 0; ; attempt++) {
    const probe = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const port = probe.port!;
    await probe.stop(true);
    const database = ["--database", `sqlite:${join(folder, `server-${port}.db`)}`];
    await ended(vouch(folder, ["server", "init", "--url", `https://localhost:${port}`, ...database]));
    const tls = ["--tls-cert", certPath, "--tls-key", keyPath, "--listen", `127.0.0.1:${port}`];
    const log = Bun.file(join(folder, `server-${port}.log`));
    const child = Bun.spawn([executable, "server", "run", ...database, ...tls, ...settings], {
      env: environment(folder),
      cwd: folder,
      stdio: ["ignore", "pipe", log],
    });
    try {
      await firstLine(child.stdout);
      return { process: child, port, database };
    } catch (error) {
      await child.exited;
      const text = await log.text();
      if (attempt === 9 || !text.includes("is in use")) throw new Error(text, { cause: error });
    }
  }
}

async function vouch(folder: string, words: string[]): Promise<Finished> {
  const child = Bun.spawn([executable, ...words], { env: environment(folder), stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

function environment(folder: string) {
  return { PATH: process.env["PATH"], HOME: folder };
}
