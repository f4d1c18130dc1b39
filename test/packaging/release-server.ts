/** Serves a release's folder on loopback, and spoils one answer where a test asks for it. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface ReleaseServer {
  url: string;
  /** The next answer with this file has one byte changed, is 404, or is this text. */
  corrupt(file: string): void;
  hide(file: string): void;
  replace(file: string, text: string): void;
  stop: () => void;
}

export function serveRelease(folder: string): ReleaseServer {
  const spoiled = new Map<string, (data: Uint8Array<ArrayBuffer>) => Response>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch({ url }) {
      const name = new URL(url).pathname.slice(1);
      const path = join(folder, name);
      if (name.includes("/") || !existsSync(path)) return new Response("not found", { status: 404 });
      const spoil = spoiled.get(name);
      if (spoil === undefined) return new Response(Bun.file(path));
      spoiled.delete(name);
      return spoil(await Bun.file(path).bytes());
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    corrupt(file) {
      spoiled.set(file, (data) => {
        const middle = data.length >> 1;
        data[middle]! ^= 1;
        return new Response(data);
      });
    },
    hide: (file) => spoiled.set(file, () => new Response("gone", { status: 404 })),
    replace: (file, text) => spoiled.set(file, () => new Response(text)),
    stop: () => void server.stop(true),
  };
}
