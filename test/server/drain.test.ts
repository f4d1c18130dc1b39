/** `vouch server run` after SIGTERM, with a time to drain. */
import { afterAll, expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { tempFolderUntil } from "../temp-folder.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);

test.each(["SIGTERM", "SIGINT"] as const)(
  "a server that drains answers as before, says that it is not ready, and is ended at once by another %s",
  async (second) => {
    const run = ["server", "run", "--url", "http://localhost:8787", "--listen", "127.0.0.1:0", "--drain-time", "600s"];
    const child = Bun.spawn([process.execPath, main, ...run, "--database", `sqlite:${join(folder, `${second}.db`)}`], {
      env: { PATH: process.env["PATH"], HOME: folder },
      stdout: "pipe",
      stderr: "ignore",
    });
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await child.exited;
    });
    const { value } = await child.stdout.getReader().read();
    const address = /listening on (\S+)\n/.exec(new TextDecoder().decode(value))![1]!;
    const ask = async (path: string, init: RequestInit = {}) => fetch(address + path, { ...init, keepalive: false });
    const ready = async () => (await ask("/readyz")).status;
    expect(await ready()).toBe(200);
    child.kill("SIGTERM");
    while ((await ready()) !== 503) await Bun.sleep(5);
    const login = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const answers = [await ask("/healthz"), await ask("/.well-known/jwks.json"), await ask("/v1/login/options", login)];
    expect(answers.map(({ status, headers }) => [status, headers.get("connection")])).toEqual(
      answers.map(() => [200, "close"]),
    );
    child.kill(second);
    await child.exited;
    expect(child.signalCode).toBe(second);
  },
);
