/** One connection, with a program in ssh's place. */
import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "../../../../src/cli/commands/ssh/connection.ts";
import { until } from "../../../agent/harness.ts";
import { rejection } from "../../../rejection.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const words = { options: [], forwardings: [], session: [], command: [] };
const never = new AbortController().signal;

beforeEach(() => {
  const before = process.env["PATH"];
  onTestFinished(() => void (process.env["PATH"] = before));
});

/** Puts a program before the real ssh. */
function ssh(script: string): void {
  const folder = tempFolderUntil(onTestFinished);
  writeFileSync(join(folder, "ssh"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  process.env["PATH"] = `${folder}:${process.env["PATH"]}`;
}

async function closing<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await connection.close();
  }
}

test("what the far side prints before the folder is passed over", async () => {
  ssh('printf "Welcome\\nvouch-ssh-folder\\n"; printf "\\nvouch-ssh-folder found /run/x\\n"; cat');
  const connection = new Connection("far", words);
  expect(await closing(connection, () => connection.open(never))).toEqual({ path: "/run/x", hasVouch: true });
});

test("a connection at which no folder comes is given up after a time, also where it prints", async () => {
  ssh("echo Welcome; cat");
  const connection = new Connection("far", words, 50);
  const failure = await rejection(closing(connection, () => connection.open(never)));
  expect(failure).toMatchObject({ code: "timeout", hint: expect.stringContaining("`ssh far true`") });
});

test("a connection that is made is given up at once when it is interrupted, whatever else holds its pipe", async () => {
  const pid = join(tempFolderUntil(onTestFinished), "pid");
  ssh(`sleep 1000 2>/dev/null & echo "$!" >${pid}.new; mv ${pid}.new ${pid}; exec cat`);
  const connection = new Connection("far", words);
  const stop = new AbortController();
  const opened = rejection(closing(connection, () => connection.open(stop.signal)));
  await until(() => existsSync(pid));
  const left = Number(readFileSync(pid, "utf8"));
  onTestFinished(() => void process.kill(left));
  stop.abort();
  expect((await opened).code).toBe("network");
});

test("ssh that fails is said", async () => {
  ssh("exit 255");
  const connection = new Connection("far", words);
  expect((await rejection(closing(connection, () => connection.open(never)))).code).toBe("network");
});
