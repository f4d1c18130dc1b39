/** `vouch server run --metrics-listen`, as a process. */
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { tempFolderUntil } from "../../temp-folder.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);

test("the server answers for its metrics where the log says, until it ends", async () => {
  const child = Bun.spawn(
    [process.execPath, main, "server", "run", "--url", "http://localhost:8787"].concat([
      "--listen",
      "127.0.0.1:0",
      "--metrics-listen",
      "127.0.0.1:0",
      "--database",
      `sqlite:${join(folder, "vouch.db")}`,
    ]),
    { env: { PATH: process.env["PATH"], HOME: folder }, stdout: "pipe", stderr: "pipe" },
  );
  let url: string | undefined;
  for await (const line of createInterface(Readable.fromWeb(child.stderr as never))) {
    const { event, detail } = JSON.parse(line);
    if (event !== "metrics") continue;
    url = detail;
    break;
  }
  const { value } = await child.stdout.getReader().read();
  const address = /listening on (\S+)\n/.exec(new TextDecoder().decode(value))![1]!;
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  const text = await (await fetch(url!)).text();
  expect(text).toContain('vouch_http_requests_total{route="/readyz",status="200"} 1\n');
  expect(text).toMatch(/^vouch_signing_key_age_seconds \d+$/m);
  child.kill();
  expect(await child.exited).toBe(0);
});
