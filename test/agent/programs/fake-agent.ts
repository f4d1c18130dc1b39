/**
 * Plays an agent that answers every request with the bytes of a file, whatever they are:
 *   bun fake-agent.ts SOCKET [FILE]     without a file it never answers
 * It prints `ready`, then each request as a line of JSON.
 */
const [path, answer] = process.argv.slice(2);
const bytes = answer === undefined ? undefined : Buffer.from(await Bun.file(answer).bytes());

Bun.listen<{ unsent: Buffer }>({
  unix: path!,
  socket: {
    open: (socket) => {
      socket.data = { unsent: Buffer.alloc(0) };
    },
    data(socket, request) {
      console.log(JSON.stringify(request.toString()));
      if (bytes === undefined) return;
      socket.data.unsent = bytes;
      send(socket);
    },
    drain: send,
  },
});
console.log("ready");

function send(socket: Bun.Socket<{ unsent: Buffer }>): void {
  socket.data.unsent = socket.data.unsent.subarray(socket.write(socket.data.unsent));
  if (socket.data.unsent.length === 0) socket.end();
}
