/** What the helpers answer, byte for byte: for the configured endpoints, for look-alikes, and without a session. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoIndex, executable, type Laptop, registryName, startLaptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";

const host = names.packageHost;
const pypi = `https://${host}/pypi/${names.repository}/simple/`;

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
});
afterAll(async () => laptop?.stop());

const request = (kind: string, indexUrl: string, extra: object = {}) =>
  `${JSON.stringify({ v: 1, registry: { "index-url": indexUrl, name: registryName }, kind, ...extra })}\n`;

async function cargo(...requests: string[]): Promise<Record<string, unknown>[]> {
  const { exitCode, stdout, stderr } = await laptop.run([executable, "--cargo-plugin"], { stdin: requests.join("") });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const [hello, ...answers] = stdout.trimEnd().split("\n");
  expect(hello).toBe('{"v":[1]}');
  return answers.map((line) => JSON.parse(line));
}

describe("Cargo's credential provider", () => {
  test("gives the token and its end, the same for every operation, to several requests on one stdin", async () => {
    const publish = { operation: "publish", name: "x", vers: "1.0.0", cksum: "0" };
    const yank = { operation: "yank", name: "x", vers: "1.0.0" };
    const operations = [
      { operation: "read" },
      publish,
      yank,
      { operation: "owners", name: "x" },
      { operation: "new-one" },
    ];
    const answers = await cargo(...operations.map((operation) => request("get", cargoIndex, operation)));
    expect(answers.length).toBe(operations.length);
    for (const answer of answers) {
      const ok = answer["Ok"] as Record<string, unknown>;
      expect(Object.keys(ok)).toEqual(["kind", "token", "cache", "expiration", "operation_independent"]);
      expect(ok).toMatchObject({ kind: "get", cache: "expires", operation_independent: true });
      expect(ok["token"]).toMatch(/^[\x21-\x7e]*vouch-sandbox-token[\x21-\x7e]*$/);
      expect(laptop.sandbox.account.verifyToken(ok["token"] as string, names.domain)).toBeDefined();
      expect(ok["expiration"]).toBeGreaterThan(Date.now() / 1000 + 7 * 3600);
      expect(ok["expiration"]).toBeLessThanOrEqual(Date.now() / 1000 + 8 * 3600);
    }
  });

  test("answers the other kinds with the protocol's errors", async () => {
    const [login, logout, unknown] = await cargo(
      request("login", cargoIndex, { "login-url": "https://x" }),
      request("logout", cargoIndex),
      request("dance", cargoIndex),
    );
    expect(login).toMatchObject({ Err: { kind: "other", "caused-by": ["Run `vouch login`."] } });
    expect(logout).toMatchObject({ Err: { kind: "other", "caused-by": ["Run `vouch logout` to end the session."] } });
    expect(unknown).toEqual({ Err: { kind: "operation-not-supported" } });
  });

  test.each(["login", "logout", "dance", "get"])(
    "leaves %s for a foreign URL to Cargo's next provider, also where no agent runs",
    async (kind) => {
      const foreign = request(kind, "sparse+https://other.example/index/", { operation: "read" });
      expect(await cargo(foreign)).toEqual([{ Err: { kind: "url-not-supported" } }]);
      const withoutAgent = await laptop.run([executable, "--cargo-plugin"], {
        stdin: foreign + request("login", cargoIndex),
        env: { VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") },
      });
      const [, answer, own] = withoutAgent.stdout.split("\n");
      expect(answer).toBe('{"Err":{"kind":"url-not-supported"}}');
      expect(own).toContain('"kind":"other"');
    },
  );

  test.each([
    ["another version", '{"v":2,"registry":{"index-url":"x"},"kind":"get"}\n', "protocol version 1, got 2"],
    [
      "a version that cannot be text",
      '{"v":{"toString":null,"valueOf":null},"registry":{"index-url":"x"},"kind":"get"}\n',
      "version 1, got something else",
    ],
    ["no JSON", "hello\n", "one line of JSON"],
    ["no registry", '{"v":1,"kind":"get"}\n', "registry.index-url"],
  ])("reports what is wrong with a request: %s", async (_title, line, message) => {
    const [answer] = await cargo(line);
    expect(answer).toMatchObject({ Err: { kind: "other", message: expect.stringContaining(message) } });
  });
});

describe("a look-alike of a configured endpoint gets nothing", () => {
  const lookAlikes = [
    `https://${host}.evil.example/cargo/my-repo/`,
    `https://${host}@evil.example/cargo/my-repo/`,
    `https://evil.example/${host}/cargo/my-repo/`,
    `https://evil.example#${host}/cargo/my-repo/`,
    `https://${host}:8443/cargo/my-repo/`,
    `http://${host}/cargo/my-repo/`,
    `https://${host}/cargo/my-repo-2/`,
    `https://${host}/cargo/other/`,
    `https://${host}/cargo/my-repo/../other/`,
    `https://${host}/cargo/my-repo%2f..%2fother/`,
    `https://${host}/npm/other/`,
    `https://other-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/`,
    `https://x${host}/cargo/my-repo/`,
    `https://${host}.\\evil.example/cargo/my-repo/`,
  ];
  test.each(lookAlikes)("from Cargo's provider: %s", async (url) => {
    const answers = await cargo(request("get", `sparse+${url}`, { operation: "read" }));
    expect(answers).toEqual([{ Err: { kind: "url-not-supported" } }]);
  });
  test.each(lookAlikes)("from keyring: %s", async (url) => {
    const asked = url.replaceAll("/cargo/", "/pypi/");
    const { exitCode, stdout } = await laptop.run([join(laptop.shims, "keyring"), "get", asked, "aws"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  });
});

describe("keyring answers", () => {
  const keyring = (...args: string[]) => laptop.run([join(laptop.shims, "keyring"), ...args]);
  const token = /^[\x21-\x7e]*vouch-sandbox-token[\x21-\x7e]*\n$/;

  test.each([
    ["pip before 26.2 and uv: the URL", ["get", pypi, "aws"]],
    ["no user name", ["get", pypi]],
    ["an empty user name", ["get", pypi, ""]],
  ])("with the password alone to %s", async (_title, args) => {
    const { exitCode, stdout, stderr } = await keyring(...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(token);
  });

  test.each([[["get", pypi, "--mode", "creds"]], [["--mode", "creds", "get", pypi]], [["get", "--mode=creds", pypi]]])(
    "with user name and password to uv's %p",
    async (args) => {
      const { exitCode, stdout } = await keyring(...args);
      expect(exitCode).toBe(0);
      const [userName, ...rest] = stdout.split("\n");
      expect(userName).toBe("aws");
      expect(rest.join("\n")).toMatch(token);
    },
  );

  test("in JSON to pip from 26.2", async () => {
    const { exitCode, stdout } = await keyring("--mode=creds", "--output=json", "get", pypi, "aws");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ username: "aws", password: expect.stringMatching(/vouch-sandbox-token/) });
  });

  test("to PDM with an empty user name", async () => {
    const { exitCode, stdout } = await keyring("--mode=creds", "get", pypi, "");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^aws\n\S*vouch-sandbox-token\S*\n$/);
  });

  test.each([
    [["get", host, "aws"]],
    [["get", `${host}:443`]],
    [["--mode=creds", "--output=json", "get", host, "aws"]],
  ])("nothing, without a word, to a bare host, which says neither scheme nor repository: %p", async (args) => {
    expect(await keyring(...args)).toEqual({ exitCode: 1, stdout: "", stderr: "" });
  });

  test("nothing to a foreign user name", async () => {
    expect(await keyring("get", pypi, "root")).toMatchObject({ exitCode: 1, stdout: "" });
  });

  test("by the next keyring on PATH where the URL is not ours, with arguments and exit code unchanged", async () => {
    const bin = join(laptop.folder, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "keyring"), '#!/bin/sh\necho "other: $*"\nexit 7\n');
    chmodSync(join(bin, "keyring"), 0o755);
    const foreign = await keyring("get", "https://pypi.example/simple/", "me");
    expect(foreign).toMatchObject({ exitCode: 7, stdout: "other: get https://pypi.example/simple/ me\n" });
    expect(await keyring("diagnose")).toMatchObject({ exitCode: 7, stdout: "other: diagnose\n" });
    expect(await keyring("set", pypi, "aws")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await keyring("del", pypi, "aws")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await keyring("del", "https://pypi.example/", "aws")).toMatchObject({ exitCode: 7 });
  });
});

test("vouch credential codeartifact prints the token alone", async () => {
  const { exitCode, stdout, stderr } = await laptop.vouch("credential", "codeartifact");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(laptop.sandbox.account.verifyToken(stdout.trimEnd(), names.domain)).toBeDefined();
});

test.each([
  `--domain ${names.domain}`,
  `--domain ${names.domain} --domain-owner ${names.account} --query authorizationToken --output text`,
  `--repository=${names.repository} --region ${names.region} --output=text`,
])("vouch credential codeartifact understands the AWS CLI's words for a repository: %s", async (words) => {
  const { exitCode, stdout, stderr } = await laptop.vouch("credential", "codeartifact", ...words.split(" "));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(laptop.sandbox.account.verifyToken(stdout.trimEnd(), names.domain)).toBeDefined();
});

test.each([
  [["--domain", "other"], "`vouch setup codeartifact --domain other --repository REPOSITORY`"],
  [["--domain", names.domain, "--endpoint", pypi], "--endpoint and --domain exclude each other"],
  [["--duration-seconds", "900"], "a token ends with your session; leave it out"],
  [["--duration-seconds=900"], "a token ends with your session; leave it out"],
  [["--output", "json"], "give --json"],
  [["--endpoint", names.packageHost], `\`--endpoint https://${names.packageHost}\``],
  [["--endpoint", names.repository], `\`--repository ${names.repository}\``],
  [["get-authorization-token", "--domain", names.domain], "leave it out"],
])("vouch credential codeartifact says what to write in place of %p", async (words, said) => {
  const { exitCode, stdout, stderr } = await laptop.vouch("credential", "codeartifact", ...words);
  expect({ stdout, exitCode: exitCode === 0 }).toEqual({ stdout: "", exitCode: false });
  expect(stderr).toContain(said);
});

test("vouch exec with the name of a repository says that it gives the tokens of all that are set up", async () => {
  const { exitCode, stderr } = await laptop.vouch("exec", "--domain", names.domain, "--", "true");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining("without it the command gets the tokens of every repository that is set up"),
  });
});

test("Cargo is told in one line why a request that never ends is refused", async () => {
  const { exitCode, stdout, stderr } = await laptop.run([executable, "--cargo-plugin"], {
    stdin: "x".repeat(3 << 20),
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '{"v":[1]}\n' });
  expect(stderr).toBe("vouch: Expected a line of at most 1048576 characters on stdin.\n");
});

test("vouch exec gives twine its variables, or leaves the person's own", async () => {
  const shown = await laptop.vouch("exec", "--", "env");
  expect(shown.stdout).toMatch(/^TWINE_PASSWORD=.*vouch-sandbox-token/m);
  for (const name of ["TWINE_USERNAME", "TWINE_PASSWORD", "TWINE_REPOSITORY", "TWINE_REPOSITORY_URL"]) {
    const { stdout } = await laptop.run([executable, "exec", "--", "env"], { env: { [name]: "own" } });
    expect(stdout.match(/^TWINE_.*$/gm)).toEqual([`${name}=own`]);
  }
});

test("vouch exec gives its command the variables and passes the exit code through", async () => {
  // Not through a shell: dash drops variables that no shell could have named, and npm's is one.
  const { exitCode, stdout } = await laptop.vouch("exec", "--", "env");
  expect(exitCode).toBe(0);
  expect((await laptop.vouch("exec", "--", "sh", "-c", "exit 41")).exitCode).toBe(41);
  expect(stdout).toMatch(/^CODEARTIFACT_AUTH_TOKEN=.*vouch-sandbox-token/m);
  expect(stdout).toMatch(/^PIP_INDEX_URL=https:\/\/aws:.*vouch-sandbox-token.*\/pypi\/my-repo\/simple\/$/m);
  expect(stdout).toContain(`\nnpm_config_//${host}/npm/my-repo/:_authToken=`);
  expect((await laptop.vouch("exec", "--", "no-such-command")).exitCode).toBe(127);
  expect((await laptop.vouch("exec")).exitCode).toBe(2);
});
