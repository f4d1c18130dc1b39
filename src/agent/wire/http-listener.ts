/**
 * HTTP/1.1 over a Unix socket, as much of it as question.ts speaks: one request a connection, one answer, the end.
 * By the runtime's plain sockets: its HTTP server takes longer for a warm answer than all the rest of one.
 */
import { type HttpRequest, readRequest } from "./http-request.ts";
import { isOwnPeer } from "./peer.ts";

export interface HttpListenerOptions {
  unix: string;
  maxBodyBytes: number;
  /** How long a connection may last, in seconds. */
  limitSeconds: number;
  /** How many may be open at the same time before those on which nothing is asked have to go. */
  maxConnections: number;
  /** The answer to bytes that are known, at once; undefined: they are read as a request. Never throws. */
  recall(received: Buffer): Uint8Array | undefined;
  /** The whole answer to a request, head and body; `received` are its bytes. Never rejects. */
  answer(request: HttpRequest, received: Buffer): Promise<Uint8Array>;
  /** The whole answer to what is no request. */
  refuse(error: unknown): Uint8Array;
}

export interface HttpListener {
  /** Takes no more connections and removes the socket. Resolves when those that there were have ended. */
  stop(): Promise<void>;
  /** Lets the process end although there are connections. */
  unref(): void;
}

interface Connection {
  /** When it was opened, by `performance.now()`. */
  opened: number;
  /** What has come of the request; undefined once it is whole or refused, and whatever follows is dropped. */
  received: Buffer | undefined;
  /** What is still to be sent of the answer. */
  unsent: Uint8Array;
  /** Whether nothing of the other side's is left unread, so that the connection can be closed and the answer arrives. */
  isWhole: boolean;
}

type Socket = Bun.Socket<Connection>;

const nothing = Buffer.alloc(0);

/** When connections are many, how long one may take to ask, in milliseconds. */
const patienceMs = 1_000;
/** How much of requests that are not whole yet is kept, in bytes, over all connections: a hundred times the usual one. */
const maxPendingBytes = 8 << 20;
/** How long a request may take to come, in seconds. */
const requestLimitSeconds = 10;

/** Listens on the socket. Throws what listening throws. */
export function listenHttp(options: HttpListenerOptions): HttpListener {
  const connections = new Set<Socket>();
  const drained = Promise.withResolvers<void>();
  let stopping = false;
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let pendingBytes = 0;
  const listener = Bun.listen<Connection>({
    unix: options.unix,
    socket: {
      open(socket) {
        socket.data = { opened: performance.now(), received: nothing, unsent: nothing, isWhole: false };
        socket.timeout(requestLimitSeconds);
        connections.add(socket);
        if (connections.size >= options.maxConnections) sweep ??= setTimeout(closeSilent, patienceMs).unref();
        // The runtime's types do not know that a socket has its descriptor.
        if (!isOwnPeer((socket as unknown as { fd: number }).fd)) socket.terminate();
      },
      data(socket, chunk) {
        const { received } = socket.data;
        if (received === undefined || socket.readyState <= 0) return;
        const known = received.length === 0 ? options.recall(chunk) : undefined;
        if (known === undefined) ask(socket, Buffer.concat([received, chunk]));
        else answer(socket, known, true);
      },
      drain: send,
      timeout: (socket) => socket.terminate(),
      error: (socket) => socket.terminate(),
      close(socket) {
        connections.delete(socket);
        pendingBytes -= socket.data.received?.length ?? 0;
        socket.data.received = undefined;
        if (stopping && connections.size === 0) drained.resolve();
      },
    },
  });

  /**
   * Ends the connections on which nothing is asked. Without a descriptor left the runtime would try to accept the next one
   * again and again, with all of a processor, and the agent could not read a file.
   */
  function closeSilent(): void {
    sweep = undefined;
    const latest = performance.now() - patienceMs;
    for (const socket of connections) {
      if (socket.data.received !== undefined && socket.data.opened <= latest) socket.terminate();
    }
    if (connections.size >= options.maxConnections) sweep = setTimeout(closeSilent, patienceMs).unref();
  }

  function ask(socket: Socket, received: Buffer): void {
    let request: HttpRequest | undefined;
    try {
      request = readRequest(received, options.maxBodyBytes);
    } catch (error) {
      pendingBytes -= socket.data.received?.length ?? 0;
      answer(socket, options.refuse(error), false);
      return;
    }
    pendingBytes += (request === undefined ? received.length : 0) - (socket.data.received?.length ?? 0);
    socket.data.received = request === undefined ? received : undefined;
    if (pendingBytes > maxPendingBytes) socket.terminate();
    if (request !== undefined) socket.timeout(options.limitSeconds);
    if (request !== undefined) void options.answer(request, received).then((bytes) => answer(socket, bytes, true));
  }

  return {
    async stop() {
      stopping = true;
      listener.stop();
      // A connection on which nothing is asked has nothing to wait for.
      for (const socket of connections) if (socket.data.received !== undefined) socket.terminate();
      if (connections.size > 0) await drained.promise;
    },
    unref() {
      listener.unref();
      for (const socket of connections) socket.unref();
    },
  };
}

function answer(socket: Socket, bytes: Uint8Array, isWhole: boolean): void {
  socket.data = { ...socket.data, received: undefined, unsent: bytes, isWhole };
  send(socket);
}

function send(socket: Socket): void {
  const { data } = socket;
  if (data.unsent.length === 0) return;
  data.unsent = data.unsent.subarray(Math.max(0, socket.write(data.unsent)));
  if (data.unsent.length > 0) return;
  // Closed with something unread, the system would throw the answer away: then the other side closes first.
  if (data.isWhole) socket.end();
  else socket.shutdown();
}
