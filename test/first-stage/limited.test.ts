/**
 * Starts with less than usual: denied system calls, little memory, few descriptors, closed ones. The executable is never
 * worse off with a first stage than entered at the runtime.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildSides } from "../helper/sides.ts";
import { requires, requiresCompiler, requiresMountNamespace } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { listenAsAgent } from "./agent.ts";

const folder = tempFolderUntil(afterAll, "/tmp");
const limited = join(folder, "limited");
const run = join(folder, "run");
const isThere = requiresCompiler() && requires("cc");
const isX64 = process.arch === "x64";

beforeAll(async () => {
  if (!isThere) return;
  mkdirSync(run, { mode: 0o700 });
  const { exitCode, stderr } = Bun.spawnSync([
    "cc",
    "-Wall",
    "-Werror",
    "-o",
    limited,
    join(import.meta.dir, "limited.c"),
  ]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  await buildSides(folder);
});

const url = "https://x.example/pypi/r/simple/";
const askers: { name: string; words: string[]; answer: string; stdin?: string }[] = [
  {
    name: "keyring get",
    words: ["keyring", "get", url, "aws"],
    answer: '{"token":"t0ken","expiration":1900000000,"endpoint":"https://x/"}',
  },
  {
    name: "Cargo's provider",
    words: ["vouch", "--cargo-plugin"],
    answer:
      '{"Ok":{"kind":"get","token":"t0ken","cache":"expires","expiration":1900000000,"operation_independent":true}}',
    stdin:
      '{"v":1,"registry":{"index-url":"sparse+https://x.example/cargo/r/"},"kind":"get","operation":"read","args":[]}\n',
  },
  {
    name: "exec",
    words: ["vouch", "exec", "--", "/bin/sh", "-c", 'printf %s "$CODEARTIFACT_AUTH_TOKEN"; exit 9'],
    answer: '{"variables":{"CODEARTIFACT_AUTH_TOKEN":"t0ken"},"expiration":1900000000}',
  },
];

async function start(
  side: "both" | "careful",
  asker: (typeof askers)[number],
  limits: string[],
  wrapper: string[] = [],
) {
  await using agent = listenAsAgent(join(run, "agent.sock"), asker.answer);
  const [name, ...args] = asker.words;
  const child = Bun.spawn([...wrapper, limited, ...limits, "--", join(folder, side, name!), ...args], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", HOME: folder, VOUCH_RUNTIME_DIR: run },
    stdin: Buffer.from(asker.stdin ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  // The runtime's words about its own crash hold addresses.
  const isCrash = child.signalCode !== null;
  const words = isCrash ? "" : stderr.replaceAll(join(folder, side), join(folder, "side"));
  return { stdout, stderr: words, exitCode, signal: child.signalCode, asked: agent.asked.length > 0 };
}

const [EPERM, ENOSYS] = ["1", "38"];
const [RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_AS] = ["3", "7", "9"];
const number = (x64: number, arm64: number) => String(isX64 ? x64 : arm64);
const deny = (x64: number, arm64: number, error: string) => ["deny", number(x64, arm64), error];
const kib = (count: number) => String(count * 1024);
const closed = (first: number, last = first) => ["close", String(first), String(last)];

const starts: [what: string, limits: string[]][] = [
  ["without memfd_create", deny(319, 279, ENOSYS)],
  ["with memfd_create forbidden", deny(319, 279, EPERM)],
  ["without statx", deny(332, 291, ENOSYS)],
  ["without getrandom", deny(318, 278, ENOSYS)],
  ["with prctl forbidden", deny(157, 167, EPERM)],
  ["with ppoll forbidden", deny(271, 73, EPERM)],
  ["with socket forbidden", deny(41, 198, EPERM)],
  ["with connect forbidden", deny(42, 203, EPERM)],
  ["with sendmsg forbidden", deny(46, 211, EPERM)],
  ["with getsockopt forbidden", deny(55, 209, EPERM)],
  ["with a stack of 256 KiB", ["limit", RLIMIT_STACK, kib(256)]],
  ["with a stack of 128 KiB", ["limit", RLIMIT_STACK, kib(128)]],
  ["with 64 MiB of addresses", ["limit", RLIMIT_AS, kib(64 * 1024)]],
  ...[3, 4, 5, 6, 7, 8].map((count): [string, string[]] => [
    `with ${count} descriptors`,
    ["limit", RLIMIT_NOFILE, String(count)],
  ]),
  ["with stdin closed", closed(0)],
  ["with stdout closed", closed(1)],
  ["with stderr closed", closed(2)],
  ["with none open", closed(0, 2)],
];

describe.skipIf(!isThere).each(askers.map((asker) => [asker.name, asker] as const))("%s", (_, asker) => {
  /** The same as the careful side; where that cannot even start, a whole answer may come instead. */
  const expectNoWorse = async (limits: string[], wrapper: string[] = []) => {
    const both = await start("both", asker, limits, wrapper);
    const careful = await start("careful", asker, limits, wrapper);
    expect([careful, await start("both", asker, [])]).toContainEqual(both);
  };

  test("without limits: answers", async () => {
    const whole = await start("both", asker, []);
    expect(whole).toMatchObject({ asked: true, stderr: "", signal: null });
    expect(whole.stdout).toContain("t0ken");
    expect(await start("careful", asker, [])).toEqual(whole);
  });

  test.each(starts)("%s: no worse than without a first stage", (_what, limits) => expectNoWorse(limits));

  test.skipIf(!requiresMountNamespace())("without /proc: no worse than without a first stage", () =>
    expectNoWorse([], ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]),
  );
});
