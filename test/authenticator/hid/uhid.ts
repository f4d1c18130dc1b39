/**
 * A software security key as the kernel's own USB HID device: carries the reports between the key's Unix socket and
 * /dev/uhid, behind which the kernel makes a /dev/hidraw* that every program takes for a real key
 * (Documentation/hid/uhid.rst). When the socket ends, the device is unplugged.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { reportBytes } from "../../../src/fido/hid/transport.ts";

/** Types of struct uhid_event (linux/uhid.h). */
const EVENT = {
  DESTROY: 1,
  OUTPUT: 6,
  GET_REPORT: 9,
  GET_REPORT_REPLY: 10,
  CREATE2: 11,
  INPUT2: 12,
  SET_REPORT: 13,
  SET_REPORT_REPLY: 14,
} as const;

/** The kernel gives one whole struct uhid_event a read: the type and its largest member, uhid_create2_req. */
const EVENT_BYTES = 4376;
const HID_MAX_DESCRIPTOR_SIZE = 4096;
const BUS_USB = 3;
const EIO = 5;
const POLL_MS = 5;
const NODE_TIMEOUT_MS = 10_000;

/** Usage page 0xF1D0, usage 1, one input and one output report of 64 bytes (CTAP 2.1 section 11.2.8.1). */
const reportDescriptor = Uint8Array.fromHex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0");

export interface KernelKeyOptions {
  /** The socket of the key: 64 bytes are one report. */
  socketPath: string;
  product?: string;
  /** USB vendor and product id. */
  vendorId?: number;
  productId?: number;
  /** Called with every report that the key sends. */
  onReport?: (report: Uint8Array) => void;
}

export interface KernelKey extends AsyncDisposable {
  /** `/dev/hidraw0`, … */
  path: string;
  /** Settled when the device is gone, for whatever reason. */
  unplugged: Promise<void>;
  /** Takes the device out, as a hand does: without a word to the key, which only loses its connection. */
  unplug(): Promise<void>;
}

let plugged = 0;

/** Plugs the key into the kernel and waits for its /dev/hidraw*. Needs write access to /dev/uhid. */
export async function plugIntoKernel(options: KernelKeyOptions): Promise<KernelKey> {
  const serialNumber = `software-${process.pid}-${(plugged += 1)}`;
  const socket = await connected(options.socketPath);
  const uhid = openSync("/dev/uhid", constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(uhid, createRequest(options, serialNumber));
  socket.on(
    "data",
    inReports((report) => {
      writeSync(uhid, inputRequest(report));
      options.onReport?.(report);
    }),
  );
  const unplug = () => {
    socket.destroy();
    return unplugged;
  };
  const gone = Promise.withResolvers<void>();
  const unplugged = gone.promise;
  socket.once("close", () => {
    clearInterval(reading);
    writeSync(uhid, header(EVENT.DESTROY, 0));
    closeSync(uhid);
    gone.resolve();
  });
  // The kernel queues 32 events. Reads that block would each hold one of the runtime's few threads.
  const reading = setInterval(() => {
    for (let event = nextEvent(uhid); event !== undefined; event = nextEvent(uhid)) answer(uhid, socket, event);
  }, POLL_MS);
  const path = await hidrawOf(serialNumber);
  return { path, unplugged, unplug, [Symbol.asyncDispose]: unplug };
}

function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

/** Cuts what arrives on the socket into reports. */
function inReports(take: (report: Buffer) => void): (chunk: Buffer) => void {
  let buffered: Buffer = Buffer.alloc(0);
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (; buffered.length >= reportBytes; buffered = buffered.subarray(reportBytes)) {
      take(buffered.subarray(0, reportBytes));
    }
  };
}

/** An event of the kernel; undefined when there is none. */
function nextEvent(uhid: number): Buffer | undefined {
  const event = Buffer.alloc(EVENT_BYTES);
  try {
    return readSync(uhid, event) > 0 ? event : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

function answer(uhid: number, socket: Socket, event: Buffer): void {
  const type = event.readUInt32LE(0);
  if (type === EVENT.OUTPUT) {
    const size = event.readUInt16LE(4 + HID_MAX_DESCRIPTOR_SIZE);
    // hidraw hands on the report's number too, which is 0 for a device that numbers none.
    const start = 4 + (size > reportBytes ? size - reportBytes : 0);
    socket.write(event.subarray(start, start + reportBytes));
  } else if (type === EVENT.GET_REPORT || type === EVENT.SET_REPORT) {
    const reply = header(type === EVENT.GET_REPORT ? EVENT.GET_REPORT_REPLY : EVENT.SET_REPORT_REPLY, 8);
    reply.writeUInt32LE(event.readUInt32LE(4), 4);
    reply.writeUInt16LE(EIO, 8);
    writeSync(uhid, reply);
  }
}

/** The event's type and room for its member. */
function header(type: number, bytes: number): Buffer {
  const event = Buffer.alloc(4 + bytes);
  event.writeUInt32LE(type);
  return event;
}

/** UHID_CREATE2: name 128, phys 64, uniq 64, descriptor size 2, bus 2, vendor 4, product 4, version 4, country 4. */
function createRequest(options: KernelKeyOptions, serialNumber: string): Buffer {
  const { product = "Software Security Key", vendorId = 0x1209, productId = 0xf1d0 } = options;
  const event = header(EVENT.CREATE2, 276 + reportDescriptor.length);
  event.write(product, 4, 127);
  event.write(serialNumber, 4 + 192, 63);
  event.writeUInt16LE(reportDescriptor.length, 260);
  event.writeUInt16LE(BUS_USB, 262);
  event.writeUInt32LE(vendorId, 264);
  event.writeUInt32LE(productId, 268);
  event.writeUInt32LE(0x100, 272);
  event.set(reportDescriptor, 280);
  return event;
}

function inputRequest(report: Uint8Array): Buffer {
  const event = header(EVENT.INPUT2, 2 + reportBytes);
  event.writeUInt16LE(reportBytes, 4);
  event.set(report, 6);
  return event;
}

/** Waits until the kernel has made the node of the device with the serial number. */
async function hidrawOf(serialNumber: string): Promise<string> {
  const folder = "/sys/class/hidraw";
  const deadline = Date.now() + NODE_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const node = readdirSync(folder).find((name) => {
      const description = readFileSync(`${folder}/${name}/device/uevent`, "utf8");
      return description.split("\n").includes(`HID_UNIQ=${serialNumber}`);
    });
    if (node !== undefined) return `/dev/${node}`;
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`The kernel made no /dev/hidraw* for ${serialNumber}: is the module hid-generic loaded?`);
}
