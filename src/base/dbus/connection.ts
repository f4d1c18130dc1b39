/**
 * A connection to a message bus, for listening: the client side of the D-Bus Specification over a Unix socket, with the
 * EXTERNAL mechanism. Method calls take strings; signals are whatever was asked for by a match rule.
 */
import { connect, type Socket } from "node:net";
import type { Environment } from "../environment.ts";
import { messageLength, messageTypes, methodCall, type Message, type MethodCall, parseMessage } from "./message.ts";

const bus = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
} as const;
const systemAddress = "unix:path=/run/dbus/system_bus_socket";
/** Timeout of connecting and of each reply, in milliseconds. */
const answerMs = 5_000;
const maxLineBytes = 1_024;
/** Larger messages are skipped; what is asked for takes a few hundred bytes, but any program may send some. */
const maxMessageBytes = 64 * 1024;

/** The address of the system bus, as the specification names it. */
export function systemBusAddress(env: Environment): string {
  return env["DBUS_SYSTEM_BUS_ADDRESS"] || systemAddress;
}

/** The address of the session bus; undefined without one. */
export function sessionBusAddress(env: Environment): string | undefined {
  const runtime = env["XDG_RUNTIME_DIR"];
  return env["DBUS_SESSION_BUS_ADDRESS"] || (runtime?.startsWith("/") ? `unix:path=${runtime}/bus` : undefined);
}

/** An error reply to a method call; its name is the message. */
export class BusError extends Error {}

export class BusConnection {
  readonly #socket: Socket;
  readonly #onSignal: (signal: Message) => void;
  readonly #pending = new Map<number, PromiseWithResolvers<Message>>();
  readonly #ended = Promise.withResolvers<Error>();
  /** Why it has ended. */
  #reason: Error | undefined;
  /** Those who wait for an answer. */
  readonly #waiting = new Set<(reason: Error) => void>();
  #received: Buffer = Buffer.alloc(0);
  /** How many bytes of a message that is too large are still to come. */
  #skipped = 0;
  #serial = 0;
  #isAuthenticated: (() => void) | undefined;

  private constructor(path: string, onSignal: (signal: Message) => void) {
    this.#onSignal = onSignal;
    this.#socket = connect(path);
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => this.#end(new Error(wordsOf(error), { cause: error })));
    this.#socket.on("close", () => this.#end(new Error("the message bus has closed the connection")));
  }

  /**
   * Connects to the first Unix socket of the address. `onSignal` gets the signals that `listen` has asked for, and those
   * that other programs send to this connection by themselves: look at the sender. Throws where there is no bus.
   */
  static async open(address: string, onSignal: (signal: Message) => void): Promise<BusConnection> {
    const path = socketPath(address);
    if (path === undefined) throw new Error(`no Unix socket is in the address ${address}`);
    const connection = new BusConnection(path, onSignal);
    try {
      await connection.#within(connection.#authenticate());
      await connection.ask("Hello");
      return connection;
    } catch (error) {
      connection.close();
      throw new Error(`no message bus answers at ${address}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  /** Calls a method. Throws `BusError`, and after five seconds without a reply, and when the connection ends. */
  async call(call: MethodCall): Promise<Message> {
    const serial = ++this.#serial;
    const reply = Promise.withResolvers<Message>();
    this.#pending.set(serial, reply);
    this.#socket.write(methodCall(serial, call));
    try {
      const message = await this.#within(reply.promise);
      if (message.type === messageTypes.error) throw new BusError(message.errorName ?? "an error without a name");
      return message;
    } finally {
      this.#pending.delete(serial);
    }
  }

  /** Calls a method of the bus itself. Throws as `call`. */
  ask(member: string, ...args: string[]): Promise<Message> {
    return this.call({ ...bus, member, args });
  }

  /** Asks for the signals that a match rule selects. Throws as `call`. */
  async listen(rule: Record<string, string>): Promise<void> {
    const words = Object.entries({ type: "signal", ...rule }).map(([name, value]) => `${name}='${value}'`);
    await this.ask("AddMatch", words.join(","));
  }

  /** The unique name of the owner of a well-known name; undefined without one. Throws as `call`. */
  async ownerOf(name: string): Promise<string | undefined> {
    if (!(await this.ask("NameHasOwner", name)).body().boolean()) return undefined;
    return (await this.ask("GetNameOwner", name)).body().string();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #authenticate(): Promise<void> {
    const authenticated = Promise.withResolvers<void>();
    this.#isAuthenticated = authenticated.resolve;
    const user = Buffer.from(String(process.getuid!())).toString("hex");
    this.#socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    await authenticated.promise;
    this.#socket.write("BEGIN\r\n");
  }

  /** The promise's result. Throws after the timeout, and when the connection ends. */
  async #within<T>(promise: Promise<T>): Promise<T> {
    if (this.#reason !== undefined) throw this.#reason;
    // Not `ended.then`: each call would leave a reaction there for as long as the connection lasts.
    const { promise: failed, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${answerMs / 1000} seconds`)), answerMs);
    this.#waiting.add(reject);
    try {
      return await Promise.race([promise, failed]);
    } finally {
      this.#waiting.delete(reject);
      clearTimeout(timer);
    }
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      if (this.#isAuthenticated !== undefined && !this.#greeted(this.#isAuthenticated)) return;
      while (this.#next());
    } catch (error) {
      this.#end(new Error(`the message bus sent what is not D-Bus: ${(error as Error).message}`, { cause: error }));
    }
  }

  /** Takes one message out of what has come; false if it is not whole yet. Throws `RangeError` where none begins. */
  #next(): boolean {
    if (this.#skipped > 0) {
      const gone = Math.min(this.#skipped, this.#received.length);
      this.#skipped -= gone;
      this.#received = this.#received.subarray(gone);
    }
    const length = messageLength(this.#received);
    if (length === undefined) return false;
    if (length > maxMessageBytes) {
      this.#skipped = length;
      return true;
    }
    if (length > this.#received.length) return false;
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    const message = parsed(bytes);
    if (message !== undefined) this.#take(message);
    return true;
  }

  /** Whether the server has accepted the user. Throws for anything else than that. */
  #greeted(done: () => void): boolean {
    const end = this.#received.indexOf("\r\n");
    if (end < 0 && this.#received.length <= maxLineBytes) return false;
    const line = this.#received.subarray(0, Math.max(0, end)).toString("latin1");
    if (!/^OK [0-9a-f]{32}$/.test(line)) throw new RangeError("it does not accept this user");
    this.#received = this.#received.subarray(end + 2);
    this.#isAuthenticated = undefined;
    done();
    return true;
  }

  #take(message: Message): void {
    if (message.type === messageTypes.signal) return this.#onSignal(message);
    if (message.type === messageTypes.methodCall || message.replySerial === undefined) return;
    this.#pending.get(message.replySerial)?.resolve(message);
  }

  #end(reason: Error): void {
    this.#reason ??= reason;
    this.#ended.resolve(this.#reason);
    for (const reject of this.#waiting) reject(this.#reason);
    this.#socket.destroy();
  }
}

/** What the system says of the socket; the runtime's words are not for people. */
function wordsOf({ code }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ECONNREFUSED") return "nobody listens there";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return `the connection failed (${code ?? "unknown"})`;
}

/** Undefined for a message that breaks the rules: the bus checks them, but a program may have sent it. */
function parsed(bytes: Uint8Array): Message | undefined {
  try {
    return parseMessage(bytes);
  } catch {
    return undefined;
  }
}

/** The path of the first Unix socket in a list of addresses; an abstract one begins with a null byte. */
function socketPath(addresses: string): string | undefined {
  for (const address of addresses.split(";")) {
    const [, kind, value] = /^unix:(?:[^,]*,)*?(path|abstract)=([^,]+)/.exec(address) ?? [];
    if (value === undefined) continue;
    const path = unescaped(value);
    if (path === undefined) continue;
    return kind === "abstract" ? `\0${path}` : path;
  }
  return undefined;
}

function unescaped(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
