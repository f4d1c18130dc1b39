import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loginExit } from "../../../src/base/login-need.ts";
import { waitForLogin } from "../../../src/cli/log-in-first/wait-for-login.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

beforeEach(() => {
  const before = process.env["VOUCH_RUNTIME_DIR"];
  process.env["VOUCH_RUNTIME_DIR"] = tempFolderUntil(onTestFinished, "/tmp");
  onTestFinished(() => {
    if (before === undefined) delete process.env["VOUCH_RUNTIME_DIR"];
    else process.env["VOUCH_RUNTIME_DIR"] = before;
  });
});

/** Waits for the program's login, which comes at the asked time if at all; returns how often it was looked for, too. */
async function wait(holder: number, { comesAt = Infinity, patienceMs = 1 } = {}) {
  let looked = 0;
  const isLoggedIn = async () => ++looked >= comesAt;
  return { exit: await waitForLogin({ name: "cargo", holder }, "vouch login", isLoggedIn, patienceMs), looked };
}

test("a login that comes is found", async () => {
  expect(await wait(process.pid, { comesAt: 2, patienceMs: 60_000 })).toEqual({ exit: loginExit.session, looked: 2 });
});

test("a program that was waited for in vain gets its next answers at once, another one is waited for", async () => {
  expect(await wait(process.pid)).toEqual({ exit: loginExit.none, looked: 1 });
  expect(await wait(process.pid, { patienceMs: 60_000 })).toEqual({ exit: loginExit.none, looked: 0 });
  expect(await wait(process.ppid, { comesAt: 1 })).toEqual({ exit: loginExit.session, looked: 1 });
});

test("nothing is left in the folder of another machine's agent", async () => {
  const folder = process.env["VOUCH_RUNTIME_DIR"]!;
  writeFileSync(join(folder, "guest.lock"), "");
  const runtime = tempFolderUntil(onTestFinished, "/tmp");
  const before = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = runtime;
  onTestFinished(() => {
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
  });
  expect((await wait(process.pid)).exit).toBe(loginExit.none);
  expect(readdirSync(folder)).toEqual(["guest.lock"]);
  expect(readdirSync(join(runtime, "vouch")).toSorted()).toEqual(["login.notice", "login.waited"]);
});
