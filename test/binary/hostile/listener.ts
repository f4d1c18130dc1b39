/**
 * Somebody who wants the token: a registry over plain http, a proxy that ends TLS with an authority of its own, and a
 * proxy that only listens to what is not encrypted. It keeps every request.
 */
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { makeCertificates } from "../../sandbox/certificates.ts";

export interface HostileListener {
  /** `http://127.0.0.1:PORT`: a registry, and a proxy. */
  url: string;
  /** The certificate of its authority, PEM, and the file that holds it. */
  ca: string;
  caPath: string;
  /** Each request that it could read: method, address, headers and body. */
  requests: string[];
  stop(): Promise<void>;
}

export interface ListenerOptions {
  /** Where `ca.pem` is written. */
  folder: string;
  /** The host that its certificate is for. */
  host: string;
  /** The proxy (`http://127.0.0.1:PORT`) that CONNECT is handed on to, unread; without it TLS ends here. */
  relay?: string;
}

/** Listens on a free port of 127.0.0.1. */
export async function startHostileListener({ folder, host, relay }: ListenerOptions): Promise<HostileListener> {
  const certificates = await makeCertificates([host, "127.0.0.1", "localhost"], folder);
  const requests: string[] = [];
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificates.certificate, key: certificates.privateKey },
    async fetch(request) {
      const headers = JSON.stringify([...request.headers]);
      requests.push(`TLS ${request.method} ${request.url} ${headers} ${await request.text()}`);
      return Response.json({ error: "not found" }, { status: 404 });
    },
  });
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    request.on("end", () => {
      requests.push(`${request.method} ${request.url} ${JSON.stringify(request.headersDistinct)} ${body}`);
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
    });
  });
  server.on("connect", (request, client: Socket, head: Buffer) => {
    const port = relay === undefined ? front.port! : Number(new URL(relay).port);
    const upstream = connect({ host: "127.0.0.1", port }, () => {
      if (relay === undefined) client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      else upstream.write(`CONNECT ${request.url} HTTP/1.1\r\nhost: ${request.url}\r\n\r\n`);
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => open.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: certificates.ca,
    caPath: certificates.caPath,
    requests,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await front.stop(true);
    },
  };
}

/** The token in clear, or as Base64 (Basic authentication) wherever it begins in a group of three bytes. */
export function holdsToken(request: string): boolean {
  const mark = "vouch-sandbox-token";
  const encoded = [0, 1, 2].map((shift) => btoa("x".repeat(shift) + mark).slice(shift === 0 ? 0 : shift + 1, -4));
  return [mark, ...encoded].some((form) => request.includes(form));
}
