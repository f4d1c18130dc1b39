/** A small load balancer: it sends each request to the next server whose /readyz says 200, and tries none twice. */

export interface Balancer {
  base: string;
  /** Takes a server into its list, at first as not ready. */
  add(server: string): void;
  remove(server: string): void;
  /** Resolves when it sends requests to the server, or no more. */
  untilReady(server: string, isReady: boolean): Promise<void>;
  stop(): Promise<void>;
}

const lookMs = 50;

/** Starts it without servers. */
export function startBalancer(): Balancer {
  const servers = new Map<string, boolean>();
  let turn = 0;
  const look = async () => {
    for (const server of servers.keys()) {
      const isReady = await fetch(`${server}/readyz`, { keepalive: false }).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (servers.has(server)) servers.set(server, isReady);
    }
  };
  const phase = { isOver: false };
  const looking = (async () => {
    while (!phase.isOver) {
      await look();
      await Bun.sleep(lookMs);
    }
  })();
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    async fetch(request) {
      const ready = [...servers].filter(([, isReady]) => isReady);
      const chosen = ready[turn++ % Math.max(1, ready.length)];
      if (chosen === undefined) return new Response("no server is ready", { status: 502 });
      const { pathname } = new URL(request.url);
      try {
        return await fetch(chosen[0] + pathname, {
          method: request.method,
          headers: request.headers,
          ...(request.method === "POST" ? { body: await request.arrayBuffer() } : {}),
        });
      } catch (error) {
        return new Response(`${chosen[0]}: ${(error as Error).message}`, { status: 502 });
      }
    },
  });
  return {
    base: `http://127.0.0.1:${front.port}`,
    add: (server) => void servers.set(server, false),
    remove: (server) => void servers.delete(server),
    async untilReady(server, isReady) {
      while (servers.get(server) !== isReady) await Bun.sleep(5);
    },
    async stop() {
      phase.isOver = true;
      await looking;
      await front.stop(true);
    },
  };
}
