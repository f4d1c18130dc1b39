/**
 * A network in which somebody looks at the user's own processes at each connection: which of them shows a token in its
 * environment, its arguments or a pipe, while a package manager uploads.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";

/** Ours to inherit; lower ones are pipes of a program's own, which it would wait for in vain. */
const lowestInherited = 100;

export interface UploadWatch {
  /** The proxy's URL. */
  url: string;
  /** What was seen so far, and of which programs. */
  tokens: string[];
  programs: string[];
  /** How many connections there were. */
  connections: number;
  stop: () => Promise<void>;
}

/** Starts it, before the proxy at `relay`; it looks at processes that have the text in their environment. */
export async function watchUploads(relay: string, text: string): Promise<UploadWatch> {
  const { hostname, port } = new URL(relay);
  const watch: UploadWatch = { url: "", tokens: [], programs: [], connections: 0, stop: async () => {} };
  const server: Server = createServer((client) => {
    watch.connections++;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) examine(pid, text, watch);
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  watch.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  watch.stop = () => new Promise((closed) => server.close(() => closed()));
  return watch;
}

function examine(pid: string, text: string, watch: UploadWatch): void {
  const environment = textOf(`/proc/${pid}/environ`);
  if (pid === `${process.pid}` || !environment.includes(text)) return;
  const words = textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
  watch.programs.push(words);
  const note = (where: string, content: string): void => {
    if (content.includes("vouch-sandbox-token")) watch.tokens.push(`${where} of ${words}`);
  };
  note("environment", environment);
  note("arguments", words);
  for (const number of namesIn(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${number}`;
    const link = attempt(() => readlinkSync(path)) ?? "";
    const isPipe = link.startsWith("pipe:") && Number(number) >= lowestInherited;
    if (isPipe || link.startsWith("/memfd:")) note(`descriptor ${number}`, textOf(path));
  }
}

/** What the file gives without a wait; "" of an empty pipe that somebody may still write to. */
export function textOf(path: string): string {
  const descriptor = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (descriptor === undefined) return "";
  try {
    // A descriptor's, by the one that was opened here: opened again without O_NONBLOCK an empty pipe would block.
    if (!path.includes("/fd/")) return readFileSync(path, "latin1");
    const chunk = Buffer.alloc(1 << 20);
    return chunk.toString("latin1", 0, readSync(descriptor, chunk));
  } catch {
    return "";
  } finally {
    closeSync(descriptor);
  }
}

function namesIn(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

/** Undefined for a process, or a descriptor, that is gone or another user's. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
