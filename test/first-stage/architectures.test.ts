/**
 * The first stage on each architecture, joined to a small runtime that says how it was started: this machine's own, and
 * arm64 in an emulator. What the real runtime does is in test/helper/contract.test.ts.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { requires, requiresCompiler, requiresPath } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { listenAsAgent } from "./agent.ts";
import { writeJoined } from "./runtime/runtime.ts";

const url = "https://x.example/pypi/r/simple/";
const token = '{"token":"t0ken","expiration":1900000000,"endpoint":"https://x/"}';
const cargo =
  '{"Ok":{"kind":"get","token":"t0ken","cache":"expires","expiration":1900000000,"operation_independent":true}}';
const environment = '{"variables":{"CODEARTIFACT_AUTH_TOKEN":"t0ken"},"expiration":1900000000}';
const request = '{"v":1,"kind":"get"}\n';
const greeting = '{"v":[1]}\n';
const handed = (route: string, body: string, answer: string, stdin = "") =>
  `vouch first stage 1 ${stdin === "" ? 0 : 1} 0 ${[route, body, answer, stdin].map(({ length }) => length).join(" ")}\n` +
  `${route}${body}${answer}${stdin}`;

const isArm = process.arch === "arm64";
/** musl's dynamic loader, and glibc's. */
const [musl, glibc] = ["/lib/ld-musl-x86_64.so.1", "/lib64/ld-linux-x86-64.so.2"];
const isX64 = process.arch === "x64" && requiresCompiler();
const architectures: {
  name: string;
  arch: "x64" | "arm64";
  emulator: string[];
  loader?: string;
  isThere: boolean;
}[] = [
  {
    name: "x64, musl",
    arch: "x64",
    emulator: [],
    loader: musl,
    isThere: isX64 && requiresPath(musl, "apt-get install musl"),
  },
  { name: "x64, glibc", arch: "x64", emulator: [], loader: glibc, isThere: isX64 && existsSync(glibc) },
  { name: "x64", arch: "x64", emulator: [], isThere: isX64 },
  {
    name: "arm64",
    arch: "arm64",
    emulator: isArm ? [] : ["qemu-aarch64"],
    isThere: isArm ? requiresCompiler() : requires("qemu-aarch64", "aarch64-linux-gnu-gcc"),
  },
];

describe.each(architectures)("$name", ({ arch, emulator, loader, isThere }) => {
  const folder = tempFolderUntil(afterAll, "/tmp");
  const run = join(folder, "run");
  mkdirSync(run, { mode: 0o700 });
  if (isThere) writeJoined(folder, arch, loader);

  async function start(words: string[], answer: string, stdin = "") {
    await using agent = listenAsAgent(join(run, "agent.sock"), answer);
    const [name, ...args] = words;
    const child = Bun.spawn([...emulator, join(folder, name!), ...args], {
      cwd: folder,
      // Set: the test's own parents may be package managers.
      env: { PATH: "/usr/bin:/bin", HOME: folder, VOUCH_RUNTIME_DIR: run, VOUCH_PIP: `${process.pid}:` },
      stdin: Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect(stderr).toBe("");
    return { stdout, exitCode, asked: agent.asked.length };
  }

  test.skipIf(!isThere)("answers Cargo", async () => {
    expect(await start(["vouch", "--cargo-plugin"], cargo, request)).toEqual({
      stdout: `${greeting}${cargo}\n`,
      exitCode: 0,
      asked: 1,
    });
  });

  test.skipIf(!isThere)("answers keyring get", async () => {
    expect(await start(["keyring", "get", url, "aws"], token)).toEqual({ stdout: "t0ken\n", exitCode: 0, asked: 1 });
  });

  test.skipIf(!isThere)("becomes a command", async () => {
    const words = [
      "vouch",
      "exec",
      "--",
      "sh",
      "-c",
      'printf "%s %s" "$CODEARTIFACT_AUTH_TOKEN" "$1"; exit 9',
      "sh",
      "one",
    ];
    expect(await start(words, environment)).toEqual({ stdout: "t0ken one", exitCode: 9, asked: 1 });
  });

  test.skipIf(!isThere)("leaves everything else as it was started", async () => {
    const words = ["vouch", "status", "--json"];
    expect(await start(words, token)).toEqual({ stdout: "runtime <status> <--json>\n", exitCode: 7, asked: 0 });
    expect(await start(["vouch"], token)).toEqual({ stdout: "runtime\n", exitCode: 7, asked: 0 });
  });

  test.skipIf(!isThere)("hands over what it has read and asked", async () => {
    const answered = (body: string) =>
      `HTTP/1.1 200 \r\nvouch-protocol: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    expect(await start(["keyring", "get", url, "aws"], "{}")).toEqual({
      stdout:
        `runtime <--first-stage> <03> <get> <${url}> <aws>\n` +
        handed("/v1/token", `{"url":"${url}","format":"pypi"}`, answered("{}")),
      exitCode: 7,
      asked: 1,
    });
    expect(await start(["vouch", "--cargo-plugin"], "{}", request)).toEqual({
      stdout:
        `${greeting}runtime <--first-stage> <03> <--cargo-plugin>\n` +
        handed("/v1/cargo", request.trim(), answered("{}"), request),
      exitCode: 7,
      asked: 1,
    });
  });
});
