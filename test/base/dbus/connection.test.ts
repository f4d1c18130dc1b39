/** The client of a message bus, against a real one and against what is none. */
import { expect, onTestFinished, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { BusConnection, sessionBusAddress, systemBusAddress } from "../../../src/base/dbus/connection.ts";
import { messageLength, methodCall, parseMessage } from "../../../src/base/dbus/message.ts";
import { Reader } from "../../../src/base/dbus/reader.ts";
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

/** A signal with header fields of its own after those that the specification names, as bytes at their alignment. */
function signalWith(...own: number[][]): Uint8Array {
  const fields: number[] = [];
  const pad = (bytes: number) => {
    while (fields.length % bytes !== 0) fields.push(0);
  };
  const text = (value: string) => [value.length, 0, 0, 0, ...Buffer.from(value), 0];
  for (const field of [...own, [3, 1, 0x73, 0, ...text("Locked")]]) {
    pad(8);
    fields.push(...field);
  }
  const head = [0x6c, 4, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, fields.length, 0, 0, 0];
  const bytes = [...head, ...fields];
  while (bytes.length % 8 !== 0) bytes.push(0);
  return Uint8Array.from(bytes);
}

const signature = (types: string) => [types.length, ...Buffer.from(types), 0];

test.each<[string, number[]]>([
  ["a byte", [10, ...signature("y"), 7]],
  ["a number of two bytes", [10, ...signature("q"), 7, 0]],
  ["a number of eight bytes", [11, ...signature("t"), 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]],
  ["a signature", [12, ...signature("g"), ...signature("a{sv}")]],
  ["an array", [13, ...signature("ay"), 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]],
  ["an empty array of structures", [14, ...signature("a(ii)"), 0, 0, 0, 0, 0, 0, 0, 0]],
  ["a structure", [15, ...signature("(yv)"), 0, 9, ...signature("b"), 1, 0, 0, 0]],
])("ignores a header field that it does not know: %s", (_, field) => {
  expect(parseMessage(signalWith(field)).member).toBe("Locked");
});

test.each<[string, number[]]>([
  ["the invalid one", [0, ...signature("y"), 7]],
  ["one of no type", [10, ...signature("z"), 7]],
  ["one of an incomplete type", [10, ...signature("a"), 7]],
  ["one that ends after the message", [10, ...signature("ay"), 0, 0, 0, 255, 255, 0, 0]],
  ["variants in each other without end", [10, ...Array.from({ length: 200 }, () => signature("v")).flat()]],
])("refuses a header field: %s", (_, field) => {
  expect(() => parseMessage(signalWith(field))).toThrow(RangeError);
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
  ["unix:path=/nonexistent", "no message bus answers at unix:path=/nonexistent: nobody listens there"],
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

test("an open connection that ends says so to whoever waits, and to who asks afterwards", async () => {
  const folder = tempFolderUntil(onTestFinished);
  const path = join(folder, "bus");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => {
      socket.write(accepted);
      // The reply to Hello: a METHOD_RETURN to serial 1.
      socket.once("data", () => socket.write(Uint8Array.from([...replyHead, 5, 1, 0x75, 0, 1, 0, 0, 0])));
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const bus = await BusConnection.open(`unix:path=${path}`, () => {});
  const waiting = bus.ask("ListNames").then(
    () => "answered",
    (error: Error) => error.message,
  );
  for (const socket of sockets) socket.end();
  expect(await waiting).toBe("the message bus has closed the connection");
  expect(bus.ask("ListNames")).rejects.toThrow("the message bus has closed the connection");
});
const replyHead = [0x6c, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0];
