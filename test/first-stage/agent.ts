/** Listens in the agent's place and gives every request the same answer. */

/** Answers each request on the socket with status 200 and the body. */
export function listenAsAgent(path: string, body: string): AsyncDisposable & { asked: string[] } {
  const asked: string[] = [];
  const listener = Bun.listen<{ received: string }>({
    unix: path,
    socket: {
      open(socket) {
        socket.data = { received: "" };
      },
      data(socket, chunk) {
        socket.data.received += chunk.toString("latin1");
        const { received } = socket.data;
        const length = Number(/content-length: (\d+)/.exec(received)?.[1] ?? 0);
        if (received.length < received.indexOf("\r\n\r\n") + 4 + length) return;
        asked.push(received);
        socket.end(`HTTP/1.1 200 \r\nvouch-protocol: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      },
      error() {},
    },
  });
  return { asked, [Symbol.asyncDispose]: async () => listener.stop(true) };
}
