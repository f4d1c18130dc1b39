/** A network between the agent and everything else: whatever comes back, comes later. */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface SlowNetwork {
  /** `http://127.0.0.1:PORT`, for HTTPS_PROXY. */
  url: string;
  stop(): void;
}

/**
 * Leads to the proxy at `proxyUrl`. Every answer of the other side, that to a new connection and those of its TLS
 * handshake included, arrives `delayMs` after it was sent.
 */
export async function startSlowNetwork(proxyUrl: string, delayMs: number): Promise<SlowNetwork> {
  const { hostname, port } = new URL(proxyUrl);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    client.setNoDelay(true);
    client.pipe(upstream);
    upstream.on("data", (chunk) => setTimeout(() => client.writable && client.write(chunk), delayMs));
    upstream.on("end", () => setTimeout(() => client.end(), delayMs));
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => client.destroy());
      socket.once("close", () => open.delete(socket));
    }
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
