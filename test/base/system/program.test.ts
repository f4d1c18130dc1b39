import { describe, expect, test } from "bun:test";
import { runProgram } from "../../../src/base/system/program.ts";
import { rejection } from "../../rejection.ts";

const run = (script: string, timeoutMs = 20_000, signal?: AbortSignal) =>
  runProgram("/bin/sh", ["-c", script], { env: { A: "1" }, timeoutMs, signal });

test("a program gives its output and its exit code, and gets no environment but the given", async () => {
  expect(await run('echo "out $A $HOME"; echo err >&2; exit 3')).toEqual({
    exitCode: 3,
    stdout: "out 1 \n",
    stderr: "err\n",
  });
});

describe("a program is ended", () => {
  test("at its time limit, together with what it has started", async () => {
    expect((await rejection(run("while :; do :; done", 200))).code).toBe("timeout");
    expect((await rejection(run("sleep 2 & exit 0", 200))).code).toBe("timeout");
  });

  test("when it prints more than the limit", async () => {
    const { exitCode, stdout } = await run("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
    expect(exitCode).not.toBe(0);
    expect(stdout.length).toBeLessThan(4 * 1024 * 1024);
  });

  test("by the caller's signal", async () => {
    const controller = new AbortController();
    const running = rejection(run("while :; do :; done", 20_000, controller.signal));
    controller.abort();
    expect((await running).code).toBe("cancelled");
  });
});

test("a program that cannot be started is an error of its own", async () => {
  const error = await rejection(runProgram("/dev/null", [], { env: {}, timeoutMs: 1000 }));
  expect(error.code).toBe("command_not_executable");
});
