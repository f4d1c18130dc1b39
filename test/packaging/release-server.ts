/** Serves a release's folder on loopback over TLS, and spoils one answer where a test asks for it. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "../sandbox/certificates.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const keys = tempFolderUntil((end) => process.on("exit", end));
const { certificate, privateKey, caPath } = await makeCertificates(["localhost"], keys);
writeFileSync(join(keys, "wgetrc"), `ca_certificate=${caPath}\n`);

/** The environment in which curl and GNU wget trust the server. */
export const trust = { CURL_CA_BUNDLE: caPath, WGETRC: join(keys, "wgetrc") };

export interface ReleaseServer {
  url: string;
  /** The next answer with this file has one byte changed, is 404, or is this text. */
  corrupt(file: string): void;
  hide(file: string): void;
  replace(file: string, text: string): void;
  /** The next answer with this file leads to this address. */
  lead(file: string, address: string): void;
  /** What was asked for. */
  asked: string[];
  stop: () => void;
}

export function serveRelease(folder: string): ReleaseServer {
  const spoiled = new Map<string, (data: Uint8Array<ArrayBuffer>) => Response>();
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "localhost",
    port: 0,
    tls: { cert: certificate, key: privateKey },
    async fetch({ url }) {
      const name = new URL(url).pathname.slice(1);
      asked.push(name);
      const path = join(folder, name);
      if (name.includes("/") || !existsSync(path)) return new Response("not found", { status: 404 });
      const spoil = spoiled.get(name);
      if (spoil === undefined) return new Response(Bun.file(path));
      spoiled.delete(name);
      return spoil(await Bun.file(path).bytes());
    },
  });
  return {
    url: `https://localhost:${server.port}`,
    asked,
    corrupt(file) {
      spoiled.set(file, (data) => {
        const middle = data.length >> 1;
        data[middle]! ^= 1;
        return new Response(data);
      });
    },
    hide: (file) => spoiled.set(file, () => new Response("gone", { status: 404 })),
    replace: (file, text) => spoiled.set(file, () => new Response(text)),
    lead: (file, address) => spoiled.set(file, () => Response.redirect(address, 302)),
    stop: () => void server.stop(true),
  };
}
