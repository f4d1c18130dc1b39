/** `vouch login --browser` with the compiled programs: by the loopback interface, and by a code that is typed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { executable } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import { codeIn, leadsTo, logInAtPage } from "../../server/oauth/browser-client.ts";
import { startTlsServer, type TlsServer } from "../../server/conformance/tls-server.ts";
import type { TestSecurityKey } from "../../server/webauthn/security-key.ts";
import { tempFolder } from "../../temp-folder.ts";

let server: TlsServer;
let key: TestSecurityKey;
const temporary = tempFolder("/tmp");
beforeAll(async () => {
  server = await startTlsServer("--browser-login", "on");
  key = await server.enroll("dev@example.com");
});
afterAll(async () => {
  await server.stop();
  temporary[Symbol.dispose]();
});

/** A machine of its own; `opened` is the address that its browser was given. */
function machine(name: string, ca = server.caPath) {
  const home = join(temporary.path, name);
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  const opened = join(home, "opened");
  writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`);
  chmodSync(join(bin, "xdg-open"), 0o755);
  const env = {
    HOME: home,
    PATH: `${bin}:${process.env["PATH"]}`,
    VOUCH_RUNTIME_DIR: join(home, "run"),
    SSL_CERT_FILE: ca,
  };
  const run = async (words: string[], extra: Record<string, string> = {}) => {
    const child = Bun.spawn([executable, ...words], { env: { ...env, ...extra }, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { exitCode: await child.exited, stdout, stderr };
  };
  return {
    env,
    run,
    async opened() {
      while (!existsSync(opened)) await Bun.sleep(20);
      return readFileSync(opened, "utf8");
    },
    async [Symbol.asyncDispose]() {
      await run(["agent", "stop"]);
    },
  };
}

test("a browser of this machine brings the code, and the session is as any other", async () => {
  await using laptop = machine("redirected");
  const login = laptop.run(["login", "--browser", "--server", server.url, "--json", "--timeout", "600"], {
    DISPLAY: ":0",
  });
  const url = await laptop.opened();
  const to = leadsTo(await logInAtPage(server, key, url))!;
  // A program that races for the port's answer, or knows the code, has nothing.
  expect((await fetch(`${to.origin}/callback?code=stolen&state=x&iss=${server.url}`)).status).toBe(400);
  const stolen = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: "vouch",
    code: "stolen",
    code_verifier: "v".repeat(43),
    redirect_uri: to.origin + to.pathname,
  });
  const refused = await fetch(`${server.url}/oauth/token`, { method: "POST", body: stolen, tls: { ca: server.ca } });
  expect(refused.status).toBe(400);
  expect(await (await fetch(to)).text()).toContain("You are logged in. You can close this page.");
  const { exitCode, stdout, stderr } = await login;
  expect([exitCode, JSON.parse(stdout).user]).toEqual([0, "dev@example.com"]);
  expect(stderr).toContain(url);
  expect(stderr).not.toContain(to.searchParams.get("code")!);
  const listed = JSON.parse((await laptop.run(["sessions", "list", "--json"])).stdout);
  expect(JSON.stringify(listed)).toContain('"thisSession":true');
});

test("the code of the page is typed where no browser is to be opened", async () => {
  await using laptop = machine("typed");
  const words = ["login", "--browser", "--no-open", "--server", server.url];
  const said = join(laptop.env.HOME, "stderr");
  const command = ["sh", "-c", 'exec "$@" 2>"$0"', said, executable, ...words];
  const { exitCode } = await runInTerminal(command, { env: laptop.env }, async (person) => {
    await person.see("Code of the page: ");
    person.type("0000-0000-0000-0000\r");
    while (!readFileSync(said, "utf8").includes("type it again")) await Bun.sleep(20);
    await person.see("Code of the page: ");
    const url = /^https:\S+$/m.exec(readFileSync(said, "utf8"))![0];
    person.type(`${codeIn(await logInAtPage(server, key, url)).toLowerCase()}\r`);
  });
  const stderr = readFileSync(said, "utf8");
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("Logged in as dev@example.com until")]);
  expect(stderr).toContain("Type it only here, where you began");
});

test("what is no code is asked for again, and after three refused ones a login in the browser begins anew", async () => {
  await using laptop = machine("mistyped");
  const command = [executable, "login", "--browser", "--no-open", "--server", server.url];
  const { exitCode, screen } = await runInTerminal(command, { env: laptop.env }, async (person) => {
    await person.see("Code of the page: ");
    person.type("\r");
    await person.see("Expected the code as the page shows it. Ctrl-C ends.");
    for (const tried of ["A", "B", "C"]) {
      await person.see("Code of the page: ");
      person.type(`${[tried, tried, tried, tried].map((letter) => letter.repeat(4)).join("-")}\r`);
    }
  });
  const said = stripVTControlCharacters(screen).replaceAll(/\s+/g, " ");
  expect([exitCode, said]).toEqual([
    5,
    expect.stringContaining("Run `vouch login --browser` again, and open the page"),
  ]);
  const piped = await laptop.run(["login", "--browser", "--no-open", "--server", server.url]);
  expect([piped.exitCode, piped.stdout]).toEqual([2, ""]);
});

test("cancelling in the browser ends the command", async () => {
  await using laptop = machine("cancelled");
  const login = laptop.run(["login", "--browser", "--server", server.url, "--timeout", "600"], { DISPLAY: ":0" });
  const { searchParams } = new URL(await laptop.opened());
  const cancelled = await fetch(`${server.url}/sign-in/code/cancel`, {
    method: "POST",
    body: new URLSearchParams({ request_uri: searchParams.get("request_uri")! }),
    headers: { origin: server.url, "sec-fetch-site": "same-origin" },
    tls: { ca: server.ca },
  });
  await fetch(leadsTo(await cancelled.text())!);
  const { exitCode, stderr } = await login;
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("The login was cancelled in the browser.");
});

test("a server without it is named before anything is opened", async () => {
  const off = await startTlsServer();
  await using laptop = machine("off", off.caPath);
  const refused = await laptop.run(["login", "--browser", "--server", off.url], { DISPLAY: ":0" });
  expect(refused.stderr).toContain(`${off.url} does not let people log in in a browser.`);
  expect(refused.stderr).toContain("--browser-login on");
  await off.stop();
});
