/**
 * Another user: `listen PATH` answers there whatever is asked, `connect PATH` asks there and prints what comes. It is
 * started by root, and gives that up first.
 */
import { connect } from "node:net";

const [, , mode, path = ""] = process.argv;
process.seteuid!(65534);
if (mode === "listen") {
  const body = '{"variables":{}}';
  Bun.listen({
    unix: path,
    socket: {
      data(socket) {
        console.log("asked");
        socket.end(`HTTP/1.1 200 \r\nvouch-protocol: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      },
    },
  });
  console.log("listening");
} else {
  const socket = connect(path, () => socket.write("GET /v1/status HTTP/1.1\r\nvouch-protocol: 1\r\n\r\n"));
  socket.on("data", (chunk) => console.log(`came ${chunk.toString()}`));
  socket.on("error", () => {});
  socket.on("close", () => console.log("closed"));
}
