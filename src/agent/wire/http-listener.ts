/**
 * A minimal HTTP/1.1 server over a Unix socket: one request per connection, then close. Uses plain sockets: Bun's HTTP
 * server takes longer for a cached answer than everything else together.
 */
import { type HttpRequest, readRequest } from "./http-request.ts";
import { type Peer, peerOf, peerStillRuns } from "./peer.ts";

export interface HttpListenerOptions {
  unix: string;
  maxBodyBytes: number;
  /** How long a connection may last, in seconds. */
  limitSeconds: number;
  /** How many connections may be open before idle ones are closed. */
  maxConnections: number;
  /** The cached answer to these exact bytes; undefined: parse them as a request. Never throws. */
  recall(received: Buffer, peer: Peer): Uint8Array | undefined;
  /** The whole answer to a request, head and body; `received` are the request's bytes. Never rejects. */
  answer(request: HttpRequest, received: Buffer, peer: Peer): Promise<Uint8Array>;
  /** The whole answer to a malformed request. */
  refuse(error: unknown): Uint8Array;
}

export interface HttpListener {
  /** Stops accepting and removes the socket. Resolves when the open connections have ended. */
  stop(): Promise<void>;
  /** Lets the process end despite open connections. */
  unref(): void;
}

interface Connection {
  /** Who asks, as the kernel says: always of our own user. */
  peer: Peer;
  /** When it was opened, by `performance.now()`. */
  opened: number;
  /** The bytes received so far; undefined once the request is complete or refused, after which input is dropped. */
  received: Buffer | undefined;
  /** The unsent rest of the answer. */
  unsent: Uint8Array;
  /** Whether all input is read, so that closing does not discard the answer. */
  isWhole: boolean;
}

type Socket = Bun.Socket<Connection>;

const nothing = Buffer.alloc(0);

/** Time to send a request if there are many connections, in milliseconds. */
const patienceMs = 1_000;
/** Memory limit for incomplete requests over all connections, in bytes: a hundred times the usual one. */
const maxPendingBytes = 8 << 20;
/** Time to send a request, in seconds. */
const requestLimitSeconds = 10;

/** Listens on the socket. Throws the errors of listening. */
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
        // The descriptor is missing from the runtime's types.
        const { fd } = socket as unknown as { fd: number };
        const peer = peerOf(fd);
        const opened = performance.now();
        socket.data = {
          peer: {
            ...(peer ?? { uid: -1 }),
            // Once closed, the descriptor is another connection's.
            stillRuns: () => (socket.readyState > 0 ? peerStillRuns(fd) : false),
            age: () => performance.now() - opened,
          },
          opened,
          received: nothing,
          unsent: nothing,
          isWhole: false,
        };
        socket.timeout(requestLimitSeconds);
        connections.add(socket);
        if (connections.size >= options.maxConnections) sweep ??= setTimeout(closeSilent, patienceMs).unref();
        if (peer?.uid !== process.geteuid?.()) socket.terminate();
      },
      data(socket, chunk) {
        const { received } = socket.data;
        if (received === undefined || socket.readyState <= 0) return;
        const known = received.length === 0 ? options.recall(chunk, socket.data.peer) : undefined;
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
   * Closes idle connections. With no descriptor left, the runtime would retry accept in a busy loop, and the agent
   * could not read files.
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
    if (request !== undefined)
      void options.answer(request, received, socket.data.peer).then((bytes) => answer(socket, bytes, true));
  }

  return {
    async stop() {
      stopping = true;
      listener.stop();
      // An idle connection.
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
  // Closing with unread input would discard the answer (RST): wait until the other side closes.
  if (data.isWhole) socket.end();
  else socket.shutdown();
}
