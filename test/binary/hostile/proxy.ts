/** A proxy that ends TLS with its own authority, as somebody would who wants the token, and writes down what it sees. */
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { makeCertificates } from "../../sandbox/certificates.ts";

export interface HostileProxy {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** The certificate of its authority, PEM, and the file that holds it. */
  ca: string;
  caPath: string;
  /** Each request with its headers, as text. */
  requests: string[];
  stop(): Promise<void>;
}

/** Answers for `host` what `upstream` does. The authority is written into `folder`. */
export async function startHostileProxy(
  host: string,
  folder: string,
  upstream: (url: string, init: RequestInit) => Promise<Response>,
): Promise<HostileProxy> {
  const { ca, caPath, certificate, privateKey } = await makeCertificates([host], folder);
  const requests: string[] = [];
  const origin = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificate, key: privateKey },
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      requests.push(`${request.method} ${pathname}${search} ${JSON.stringify(headers)}`);
      const { authorization } = headers;
      const answer = await upstream(`https://${host}${pathname}${search}`, {
        method: request.method,
        headers: authorization === undefined ? {} : { authorization },
        ...(request.method === "GET" ? {} : { body: await request.arrayBuffer() }),
      });
      return new Response(await answer.arrayBuffer(), { status: answer.status });
    },
  });
  const open = new Set<Socket>();
  const proxy = createServer((_, response) => void response.writeHead(403).end());
  proxy.on("connect", (_, client: Socket, head: Buffer) => {
    const target = connect({ host: "127.0.0.1", port: origin.port! }, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) target.write(head);
      pipeline(client, target, client, () => {});
    });
    target.on("error", () => client.destroy());
    for (const socket of [client, target]) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca,
    caPath,
    requests,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await origin.stop(true);
    },
  };
}
