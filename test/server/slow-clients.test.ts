/** A thousand clients that send or read slowly: the server's memory stays bounded, and others are answered. */
import { afterAll, expect, onTestFinished, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { tempFolderUntil } from "../temp-folder.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);

/** A server that admits any number of requests, as a process. */
async function start(): Promise<{ pid: number; address: string }> {
  const limits = ["--login-limit", "1000000", "--token-limit", "1000000"];
  const place = ["--url", "http://localhost:8787", "--listen", "127.0.0.1:0"];
  const child = Bun.spawn(
    [process.execPath, main, "server", "run", ...place, ...limits, "--database", `sqlite:${join(folder, "vouch.db")}`],
    { env: { PATH: process.env["PATH"], HOME: folder }, stdout: "pipe", stderr: "ignore" },
  );
  onTestFinished(async () => {
    child.kill();
    await child.exited;
  });
  const { value } = await child.stdout.getReader().read();
  return { pid: child.pid, address: /listening on (\S+)\n/.exec(new TextDecoder().decode(value))![1]! };
}

/** Resident memory of a process in MiB (proc_pid_status(5)). */
function memory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

const head = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n";
const post = (length: number) =>
  `POST /v1/login/options HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

/** How a client begins, and what it adds again and again. */
const kinds: { begin: string; more: string; reads: boolean }[] = [
  // Says nothing at all.
  { begin: "", more: "", reads: true },
  // One byte of a header, then another.
  { begin: `${head}X-Slow: `, more: "a", reads: true },
  // A header without an end.
  { begin: `${head}X-Long: `, more: "a".repeat(4096), reads: true },
  // A body of which one byte comes after the other.
  { begin: post(60_000), more: " ", reads: true },
  // Any number of requests, and no answer is read.
  { begin: `${head}\r\n`.repeat(100), more: `${head}\r\n`.repeat(100), reads: false },
];

test.skipIf(process.platform !== "linux")(
  "a thousand slow clients are cut off, and meanwhile others are answered",
  async () => {
    const { pid, address } = await start();
    const port = Number(new URL(address).port);
    const login = async () => {
      const headers = { "content-type": "application/json" };
      return (await fetch(`${address}/v1/login/options`, { method: "POST", headers, body: "{}" })).status;
    };
    const statuses: number[] = [];
    const ask = async () => {
      statuses.push((await fetch(`${address}/healthz`)).status, await login());
    };
    for (let turn = 0; turn < 20; turn++) await ask();
    const before = memory(pid);

    const closed: number[] = [];
    const sockets: Socket[] = [];
    for (let client = 0; client < 1000; client++) {
      const { begin, more, reads } = kinds[client % kinds.length]!;
      const socket = connect(port, "127.0.0.1", () => socket.write(begin));
      if (reads) socket.resume();
      else socket.pause();
      const timer = setInterval(() => {
        if (more !== "" && socket.writableLength < 65_536) socket.write(more);
      }, 200);
      socket.on("error", () => {});
      socket.on("close", () => {
        clearInterval(timer);
        closed.push(client);
      });
      sockets.push(socket);
    }
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    let largest = before;
    // Each is cut off by the server; a socket that does not read notices when it writes.
    while (closed.length < 1000) {
      await ask();
      largest = Math.max(largest, memory(pid));
      await Bun.sleep(50);
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(largest - before).toBeLessThan(200);
    console.log(
      `memory: ${before.toFixed(0)} MiB before, ${largest.toFixed(0)} MiB at most; ${statuses.length} answers`,
    );
  },
  300_000,
);
