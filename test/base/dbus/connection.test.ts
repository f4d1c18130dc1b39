/** The client of a message bus, against a real one and against what is none. */
import { expect, onTestFinished, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { BusConnection, sessionBusAddress, systemBusAddress } from "../../../src/base/dbus/connection.ts";
import { messageLength, methodCall, parseMessage, Reader } from "../../../src/base/dbus/message.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const call = { destination: "org.example", path: "/a/b", interface: "org.example.I", member: "M" };

test("a message is parsed as it was written, and its length is known from its beginning", () => {
  const bytes = methodCall(7, { ...call, args: ["é", "second"] });
  expect(messageLength(bytes.subarray(0, 15))).toBeUndefined();
  expect(messageLength(bytes.subarray(0, 16))).toBe(bytes.length);
  const message = parseMessage(bytes);
  expect(message).toMatchObject({ type: 1, path: "/a/b", interface: "org.example.I", member: "M", signature: "ss" });
  const body = message.body();
  expect([body.string(), body.string(), body.isAtEnd]).toEqual(["é", "second", true]);
});

test("any change of a byte, and any cut, is parsed or refused by a RangeError, and reads nothing beyond the message", () => {
  const bytes = methodCall(7, { ...call, args: ["text"] });
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x42, 0x7f, 0xff]) {
      const changed = Uint8Array.from(bytes);
      changed[at] = value;
      for (const each of [changed, changed.subarray(0, at)]) {
        try {
          messageLength(each);
          parseMessage(each).body().string();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }
  }
});

test.each([
  ["a boolean of two", (reader: Reader) => reader.boolean(), [2, 0, 0, 0]],
  ["padding that is not zero", (reader: Reader) => [reader.byte(), reader.uint32()], [1, 9, 0, 0, 1, 0, 0, 0]],
  ["a text without its end", (reader: Reader) => reader.string(), [1, 0, 0, 0, 0x61, 0x62]],
  ["another variant", (reader: Reader) => reader.variant("b"), [1, 0x73, 0]],
  ["a list that is longer than the message", (reader: Reader) => reader.strings(), [255, 255, 255, 255]],
])("refuses %s", (_, read, bytes) => {
  expect(() => read(new Reader(Uint8Array.from(bytes), true))).toThrow(RangeError);
});

test("the addresses are those of the specification", () => {
  expect(systemBusAddress({})).toBe("unix:path=/run/dbus/system_bus_socket");
  expect(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/x" })).toBe("unix:path=/x");
  expect(sessionBusAddress({})).toBeUndefined();
  expect(sessionBusAddress({ XDG_RUNTIME_DIR: "run" })).toBeUndefined();
  expect(sessionBusAddress({ XDG_RUNTIME_DIR: "/run/user/1" })).toBe("unix:path=/run/user/1/bus");
  expect(sessionBusAddress({ XDG_RUNTIME_DIR: "/r", DBUS_SESSION_BUS_ADDRESS: "unix:path=/y" })).toBe("unix:path=/y");
});

test.each([
  ["tcp:host=localhost,port=1", "no Unix socket is in the address"],
  ["unix:path=/nonexistent", "no message bus answers at unix:path=/nonexistent: connect ENOENT"],
  ["unix:path=/%zz", "no Unix socket is in the address"],
])("nothing at %s is said", async (address, message) => {
  expect(await failureOf(address)).toContain(message);
});

async function failureOf(address: string): Promise<string> {
  return BusConnection.open(address, () => {}).then(
    () => "none",
    (error: Error) => error.message,
  );
}

/** A socket that answers each chunk by the next of these. */
function answering(...answers: (string | Uint8Array)[]): Promise<string> {
  const folder = tempFolderUntil(onTestFinished);
  const path = join(folder, "bus");
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      const answer = answers.shift();
      if (answer !== undefined) socket.write(answer);
    });
  });
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(path, () => resolve(`unix:path=${path}`)));
}

const accepted = `OK ${"0".repeat(32)}\r\n`;

test.each([
  ["a refusal", ["REJECTED EXTERNAL\r\n"]],
  ["a line without an end", ["x".repeat(2_000)]],
  ["no D-Bus after the greeting", [accepted, "HTTP/1.1 400 Bad Request\r\n\r\n"]],
])("%s ends the connection with what was wrong", async (_, answers) => {
  const address = await answering(...answers);
  expect(await failureOf(address)).toContain("the message bus sent what is not D-Bus");
});
