/** What listens as the agent answers nonsense: every asker of the executable ends with one sentence and hands out nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoGet, cargoIndex, executable } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";

const folder = mkdtempSync("/tmp/vouch-test-");
const shims = join(folder, "shims");
const bin = join(folder, "bin");
let body = "";
let status = "200 ";
let agent: Bun.UnixSocketListener<undefined>;

beforeAll(() => {
  for (const name of ["run", "shims", "bin", "home"]) mkdirSync(join(folder, name), { mode: 0o700 });
  for (const name of ["keyring", "npm", "pip", "pnpm"]) symlinkSync(executable, join(shims, name));
  for (const name of ["npm", "pip", "pnpm"]) {
    writeFileSync(join(bin, name), "#!/bin/sh\nenv | grep -i undefined\nexit 0\n");
    chmodSync(join(bin, name), 0o755);
  }
  // Cargo's question is of an endpoint that is set up: any other is nobody's without the agent, too.
  mkdirSync(join(folder, "home/.config/vouch"), { recursive: true, mode: 0o700 });
  const repository = {
    domain: names.domain,
    domainOwner: names.account,
    region: names.region,
    repository: names.repository,
    endpoints: { cargo: cargoIndex.replace("sparse+", "") },
  };
  const settings = JSON.stringify({ version: 1, repositories: [repository] });
  writeFileSync(join(folder, "home/.config/vouch/config.json"), settings, { mode: 0o600 });
  agent = Bun.listen({
    unix: join(folder, "run/agent.sock"),
    socket: {
      data(socket) {
        socket.write(
          `HTTP/1.1 ${status}\r\nvouch-protocol: 1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        socket.end();
      },
    },
  });
});
afterAll(() => {
  agent.stop(true);
  rmSync(folder, { recursive: true });
});

async function run(command: string[], stdin = "") {
  const child = Bun.spawn(command, {
    cwd: "/",
    env: {
      PATH: `${shims}:${bin}:/usr/bin:/bin`,
      HOME: join(folder, "home"),
      VOUCH_RUNTIME_DIR: join(folder, "run"),
      NO_COLOR: "1",
    },
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

const long = "x".repeat(70_000);
const url = "https://d-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/r/simple/";

/** What is no reply to any question. */
const nonsense = ["{}", "[]", "null", "0", '"text"', "", "{", "<html>login</html>", '{"Ok":null}', '{"token":null}'];
const tokens = [
  "1",
  "{}",
  '""',
  '"a b"',
  '"a\\nb"',
  '"a\\u0000b"',
  '"t\\u00f6ken"',
  '"t\u00f6ken"',
  '"a\\u001b[31m"',
  `"${long}"`,
];
const times = ["null", '"1"', "-1", "1.5", "1e999", "1e300", "{}"];

const tokenReplies = [
  ...nonsense,
  ...tokens.map((token) => `{"token":${token},"expiration":1900000000,"endpoint":"https://x/"}`),
  ...times.map((time) => `{"token":"t","expiration":${time},"endpoint":"https://x/"}`),
];
const cargoReplies = [
  ...nonsense,
  ...tokens.map(
    (token) =>
      `{"Ok":{"kind":"get","token":${token},"cache":"expires","expiration":1900000000,"operation_independent":true}}`,
  ),
  ...times.map(
    (time) => `{"Ok":{"kind":"get","token":"t","cache":"expires","expiration":${time},"operation_independent":true}}`,
  ),
  '{"Ok":{"kind":"login"}}',
  '{"Err":{"kind":"other","message":"\\u001b[31m"}}',
];
const environmentReplies = [
  ...nonsense,
  '{"variables":null}',
  '{"variables":[]}',
  '{"variables":"text"}',
  '{"variables":["text"]}',
  '{"variables":{"A":1}}',
  '{"variables":{"A":null}}',
  '{"variables":{"A":{"B":"C"}}}',
  '{"variables":{"A":"a\\nb"}}',
  '{"variables":{"A":"a\\u0000b"}}',
  '{"variables":{"A=B":"c"}}',
  '{"variables":{"":"c"}}',
  '{"variables":{},"twine":[1]}',
  '{"variables":{},"failed":{}}',
  '{"variables":{},"failed":[{"endpoint":"https://x/"}]}',
  '{"variables":{},"expiration":"soon"}',
];
const credentialReplies = [
  ...nonsense,
  '{"accessKeyId":"A"}',
  '{"accessKeyId":"A","secretAccessKey":1}',
  '{"accessKeyId":"A","secretAccessKey":"a\\nb"}',
  ...times.slice(1).map((time) => `{"accessKeyId":"A","secretAccessKey":"S","expiration":${time}}`),
];
const statusReplies = [
  ...nonsense,
  '{"version":1,"pid":1,"startedAt":1,"repositories":[]}',
  '{"version":"1","pid":1,"startedAt":1}',
  '{"version":"1","pid":1,"startedAt":1,"repositories":[{}]}',
  '{"version":"1","pid":1,"startedAt":1,"repositories":[],"session":{"user":1,"expiration":1}}',
  '{"version":"1","pid":1,"startedAt":1e99,"repositories":[]}',
];

const sentence = /^(vouch|error): The Vouch agent gave an answer [^\n]+ (Run|\nhint: Run)?[^\n]*\n/;

const askers: [string, string[], string[], { stdin?: string; exitCode?: number; stdout?: string }][] = [
  ["keyring get URL aws", [join(shims, "keyring"), "get", url, "aws"], tokenReplies, {}],
  [
    "keyring of pip 26.2",
    [join(shims, "keyring"), "--mode=creds", "--output=json", "get", url, "aws"],
    tokenReplies,
    {},
  ],
  ["keyring of uv", [join(shims, "keyring"), "get", url, "--mode", "creds"], tokenReplies, {}],
  ["credential codeartifact", [executable, "credential", "codeartifact"], tokenReplies, {}],
  ["credential codeartifact --json", [executable, "credential", "codeartifact", "--json"], tokenReplies, {}],
  ["credential aws", [executable, "credential", "aws"], credentialReplies, {}],
  ["exec", [executable, "exec", "--", "echo", "ran"], environmentReplies, {}],
  ["exec with an option", [executable, "exec", "--", "/bin/echo", "ran"], environmentReplies, {}],
  // A package manager runs on without a token, and says why.
  ["npm install", [join(shims, "npm"), "install"], environmentReplies, { exitCode: 0 }],
  ["pnpm install", [join(shims, "pnpm"), "install"], environmentReplies, { exitCode: 0 }],
  ["pip with a URL", [join(shims, "pip"), "install", "--index-url", url, "x"], nonsense, { exitCode: 0 }],
  ["status", [executable, "status"], statusReplies, {}],
  ["agent status", [executable, "agent", "status"], statusReplies, {}],
  ["keys list", [executable, "keys", "list", "--json"], [...nonsense, '{"keys":[{}]}', '{"keys":{}}'], {}],
];

describe.each(askers)("%s survives whatever an agent replies", (_, command, replies, expected) => {
  test.each(replies.map((reply) => [reply.slice(0, 100), reply]))("such as %s", async (_shown, reply) => {
    body = reply;
    const { exitCode, stdout, stderr } = await run(command);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at |undefined|This is a fault/);
    expect({ exitCode, stdout }).toEqual({ exitCode: expected.exitCode ?? 1, stdout: expected.stdout ?? "" });
  });
});

test.each(cargoReplies.map((reply) => [reply.slice(0, 100), reply]))(
  "Cargo's provider survives an agent's reply such as %s",
  async (_shown, reply) => {
    body = reply;
    const { exitCode, stdout, stderr } = await run([executable, "--cargo-plugin"], cargoGet());
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [greeting, answer, ...more] = stdout.trimEnd().split("\n");
    expect(greeting).toBe('{"v":[1]}');
    expect(JSON.parse(answer!)).toEqual({
      Err: {
        kind: "other",
        message: expect.stringMatching(/^The Vouch agent gave an answer [^\p{Cc}]+\.$/u),
        "caused-by": ["Run `vouch agent stop`, then `vouch login`."],
      },
    });
    expect(more).toEqual([]);
  },
);

describe("text of others in the agent's refusal is printed on one line, without control characters", () => {
  const stranger =
    "a\u001b[2Jb\u001b[31mc\u0007d\re\nf\r\ng\u0085h\u2028i\u2029j\u009b2Jk\u202el\u2066m\u200bn\ufeffo\u{e0041}p\u0000q\ud800r\u001b[1ms\u001b[22m";
  const clean =
    "a\ufffd[2Jb\ufffd[31mc\ufffdd e f g h i j\ufffd2Jk\ufffdl\ufffdm\ufffdn\ufffdo\ufffdp\ufffdq\ufffdr\ufffd[1ms\ufffd[22m";
  const refuse = () => {
    status = "403 ";
    body = JSON.stringify({ error: { code: "access_denied", message: stranger, hint: stranger } }).replaceAll(
      /[^\0-\u007f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  };
  afterAll(() => (status = "200 "));

  test.each(askers.map(([name, command]) => [name, command] as const))("by %s", async (_, command) => {
    refuse();
    const { stderr } = await run(command);
    expect([`vouch: ${clean} ${clean}\n`, `error: ${clean}\nhint: ${clean}\n`]).toContain(stderr);
  });

  test("also with colour, where only our own styles are", async () => {
    refuse();
    const { stderr } = await run(["env", "FORCE_COLOR=1", executable, "status"]);
    expect(stderr).toBe(`\x1b[31merror:\x1b[39m ${clean}\n\x1b[1mhint:\x1b[22m ${clean}\n`);
  });

  test("also by Cargo's provider", async () => {
    refuse();
    const { stdout } = await run([executable, "--cargo-plugin"], cargoGet());
    const Err = { kind: "other", message: clean, "caused-by": [clean] };
    expect(JSON.parse(stdout.split("\n")[1]!)).toEqual({ Err });
  });

  test("and with --json as JSON in visible characters", async () => {
    status = "200 ";
    body = JSON.stringify({
      version: "1",
      pid: 1,
      startedAt: 1,
      repositories: [],
      session: { user: stranger, expiration: 4_000_000_000 },
    }).replaceAll(/[^\0-\u007f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const { exitCode, stdout } = await run([executable, "status", "--json"]);
    expect(exitCode).toBe(0);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(JSON.parse(stdout).session.user).toBe(stranger);
    const people = await run([executable, "status"]);
    expect(people.stdout).toContain(clean);
    expect(people.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  });
});
