/** Locks whose user logind does not tell, on a bus of the test's own that answers as it likes. */
import { expect, onTestFinished, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { lockWatch } from "../../../src/agent/end-on/logind.ts";
import { type Message, messageLength, messageTypes, parseMessage } from "../../../src/base/dbus/message.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { until } from "../harness.ts";

const owner = ":1.1";
type Field = [code: number, type: "o" | "s" | "g" | "u", value: string | number];

function pad(to: number[], bytes: number): void {
  while (to.length % bytes !== 0) to.push(0);
}

function write(to: number[], type: Field[1], value: Field[2]): void {
  const bytes = typeof value === "number" ? [] : [...Buffer.from(value)];
  if (type === "g") return void to.push(bytes.length, ...bytes, 0);
  pad(to, 4);
  to.push(...new Uint8Array(Uint32Array.of(typeof value === "number" ? value : bytes.length).buffer));
  if (type !== "u") to.push(...bytes, 0);
}

/** A message as bytes; the body is one value. */
function message(type: number, fields: Field[], body?: ["s" | "b", string | number]): Uint8Array {
  const [content, head]: [number[], number[]] = [[], []];
  if (body !== undefined) write(content, body[0] === "b" ? "u" : body[0], body[1]);
  for (const [code, fieldType, value] of [...fields, ...(body ? [[8, "g", body[0]] as Field] : [])]) {
    pad(head, 8);
    head.push(code);
    write(head, "g", fieldType);
    write(head, fieldType, value);
  }
  const bytes = [0x6c, type, 0, 1];
  for (const value of [content.length, 1, head.length]) write(bytes, "u", value);
  bytes.push(...head);
  pad(bytes, 8);
  return Uint8Array.from([...bytes, ...content]);
}

type Get = (socket: Socket, call: Message, serial: number) => void;

const fails =
  (name: string): Get =>
  (socket, _, serial) =>
    void socket.write(
      message(messageTypes.error, [
        [5, "u", serial],
        [4, "s", name],
      ]),
    );

interface Bus {
  address: string;
  /** Sends logind's signal that the session is locked. */
  lock: (session: string) => void;
}

async function startBus(get: Get): Promise<Bus> {
  const path = join(tempFolderUntil(onTestFinished), "bus");
  let client: Socket | undefined;
  const server = createServer((socket) => {
    client = socket;
    let received = Buffer.alloc(0);
    let isGreeted = false;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let end; !isGreeted && (end = received.indexOf("\r\n")) >= 0; received = received.subarray(end + 2)) {
        isGreeted = received.subarray(0, end).toString() === "BEGIN";
        if (!isGreeted) socket.write(`OK ${"0".repeat(32)}\r\n`);
      }
      if (!isGreeted) return;
      for (let length; (length = messageLength(received)) !== undefined && length <= received.length;) {
        answer(socket, received.subarray(0, length));
        received = received.subarray(length);
      }
    });
  });
  const answers: { [member: string]: ["s" | "b", string | number] } = {
    Hello: ["s", ":1.2"],
    NameHasOwner: ["b", 1],
    GetNameOwner: ["s", owner],
  };
  const answer = (socket: Socket, bytes: Buffer) => {
    const call = parseMessage(bytes);
    const serial = bytes.readUInt32LE(8);
    if (call.member === "Get") get(socket, call, serial);
    else socket.write(message(messageTypes.methodReturn, [[5, "u", serial]], answers[call.member ?? ""]));
  };
  onTestFinished(() => {
    client?.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix:path=${path}`,
    lock: (session) =>
      void client!.write(
        message(messageTypes.signal, [
          [1, "o", `/org/freedesktop/login1/session/${session}`],
          [2, "s", "org.freedesktop.login1.Session"],
          [3, "s", "Lock"],
          [7, "s", owner],
        ]),
      ),
  };
}

/** Counts the locks that the watch tells of. */
async function watched({ address }: Bus): Promise<{ locks: number; stop: () => void }> {
  const stop = new AbortController();
  const seen = { locks: 0, stop: () => stop.abort() };
  const working = Promise.withResolvers<void>();
  const watch = lockWatch({ DBUS_SYSTEM_BUS_ADDRESS: address }, () => seen.locks++);
  onTestFinished(() => stop.abort());
  void watch(stop.signal, () => working.resolve()).catch(() => {});
  await working.promise;
  return seen;
}

test.each<[string, Get]>([
  ["ends before it answers", fails("org.freedesktop.DBus.Error.NoReply")],
  ["refuses to answer", fails("org.freedesktop.DBus.Error.AccessDenied")],
  [
    "answers with what is no user",
    (socket, _, serial) => void socket.write(message(2, [[5, "u", serial]], ["s", "root"])),
  ],
  ["is no longer reached", (socket) => void socket.destroy()],
])("a lock counts, whose user cannot be told since logind %s", async (_, get) => {
  const bus = await startBus(get);
  const seen = await watched(bus);
  bus.lock("_31");
  await until(() => seen.locks === 1);
});

test.each(["org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.login1.NoSuchSession"])(
  "a lock of a session that there is not (%s) does not count",
  async (name) => {
    const bus = await startBus((socket, call, serial) => {
      if (call.path!.endsWith("gone")) fails(name)(socket, call, serial);
      else socket.destroy();
    });
    const seen = await watched(bus);
    bus.lock("gone");
    bus.lock("_31");
    await until(() => seen.locks > 0);
    expect(seen.locks).toBe(1);
  },
);

test("a watch that is stopped while logind is asked tells of no lock", async () => {
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const bus = await startBus((socket) => {
    socket.on("close", () => closed.resolve());
    asked.resolve();
  });
  const seen = await watched(bus);
  bus.lock("_31");
  await asked.promise;
  seen.stop();
  await closed.promise;
  expect(seen.locks).toBe(0);
});
