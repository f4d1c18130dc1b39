/**
 * An HTTP proxy that knows only CONNECT (RFC 9110 section 9.3.6) and only the sandbox's hosts: port 443 of each leads
 * to the TLS front, whatever else is asked for is refused. So clients use the real host names and the real port, and
 * nothing of a test leaves this machine.
 */
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import type { Front } from "./front.ts";

export interface Proxy {
  /** `http://127.0.0.1:PORT`, for HTTPS_PROXY. */
  url: string;
  /** The authorities (host:port) that were asked for and refused, in the order of the asking. */
  refused: string[];
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and leads to `front`. */
export async function startProxy(front: Front): Promise<Proxy> {
  const refused: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    refused.push(request.headers.host ?? "");
    response.writeHead(403).end("This proxy answers CONNECT to the sandbox's hosts only.\n");
  });
  server.on("connect", (request, client: Socket, head: Buffer) => {
    const authority = request.url ?? "";
    const [host = "", port] = authority.split(":");
    if (port !== "443" || !front.knows(host.toLowerCase())) {
      refused.push(authority);
      client.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const upstream = connect({ host: "127.0.0.1", port: front.port }, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      // The end or failure of either side closes both.
      pipeline(client, upstream, client, () => {});
    });
    upstream.on("error", () => client.destroy());
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
