/** A TCP proxy before PostgreSQL that loses a connection at a chosen moment. */
import { connect, createServer, type Socket } from "node:net";

export interface DroppingProxy {
  port: number;
  /**
   * Loses the next connection that sends `text`: before it reaches the database, or before its answer comes back.
   * Resolves when it is lost.
   */
  dropAt(text: string, when: "before" | "after"): Promise<void>;
  /** New connections are taken and never answered, until the function that it returns is called. */
  swallow(): () => void;
  close(): void;
}

export async function droppingProxy(target: number): Promise<DroppingProxy> {
  let drop: { text: string; when: "before" | "after"; done: () => void } | undefined;
  let isSwallowing = false;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("error", () => undefined).on("close", () => open.delete(client));
    if (isSwallowing) return;
    const database = connect(target, "127.0.0.1");
    let isLost = false;
    database.on("error", () => undefined).on("close", () => client.destroy());
    database.on("data", (chunk) => {
      if (isLost) client.destroy();
      else client.write(chunk);
    });
    client.on("close", () => database.end());
    client.on("data", (chunk) => {
      if (drop === undefined || !chunk.includes(drop.text)) {
        database.write(chunk);
        return;
      }
      const { when, done } = drop;
      drop = undefined;
      isLost = true;
      if (when === "after") database.write(chunk);
      else client.destroy();
      client.on("close", done);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    dropAt: (text, when) => new Promise((done) => (drop = { text, when, done })),
    swallow() {
      isSwallowing = true;
      return () => {
        isSwallowing = false;
      };
    },
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
