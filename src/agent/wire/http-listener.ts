/**
 * A minimal HTTP/1.1 server over a Unix socket: one request per connection, then close. Uses plain sockets: Bun's HTTP
 * server takes longer for a cached answer than everything else together.
 */
import { type HttpRequest, readRequest } from "./http-request.ts";
import { type Peer, peerOf } from "./peer.ts";

/** `Seen` is what is known of who asks. */
export interface HttpListenerOptions<Seen> {
  unix: string;
  maxBodyBytes: number;
  /** How long a connection may last, in seconds. */
  limitSeconds: number;
  /** How many connections may be open before idle ones are closed. */
  maxConnections: number;
  /** How many may be open at all; further ones are closed at once. */
  capacity?: number;
  /**
   * Called when a peer has connected: it may end before its request is read. Undefined for one whose input is dropped.
   * Never throws.
   */
  see(descriptor: number, peer: Peer | undefined): Seen | undefined;
  /** What a peer whose input is dropped is told; undefined: nothing. */
  turnAway(peer: Peer | undefined): Uint8Array | undefined;
  /** The cached answer to these exact bytes; undefined: parse them as a request. Never throws. */
  recall(received: Buffer, seen: Seen): Uint8Array | undefined;
  /** The whole answer to a request, head and body; `received` are the request's bytes. Never rejects. */
  answer(request: HttpRequest, received: Buffer, peer: Peer, seen: Seen): Promise<Uint8Array>;
  /** The whole answer to a malformed request. */
  refuse(error: unknown): Uint8Array;
}

export interface HttpListener {
  /** Stops accepting and removes the socket. Resolves when the open connections have ended. */
  stop(): Promise<void>;
  /** Lets the process end despite open connections. */
  unref(): void;
}

interface Connection<Seen> {
  /** Who asks, as the kernel says. */
  peer: Peer;
  /** Undefined for a peer whose input is dropped. */
  seen: Seen | undefined;
  /** When it was opened, by `performance.now()`. */
  opened: number;
  /** The bytes received so far; undefined once the request is complete or refused, after which input is dropped. */
  received: Buffer | undefined;
  /** The unsent rest of the answer. */
  unsent: Uint8Array;
  /** Whether all input is read, so that closing does not discard the answer. */
  isWhole: boolean;
}

type Socket<Seen> = Bun.Socket<Connection<Seen>>;

const nothing = Buffer.alloc(0);

/** Time to send a request if there are many connections, in milliseconds. */
const patienceMs = 1_000;
/** Memory limit for incomplete requests over all connections, in bytes: a hundred times the usual one. */
const maxPendingBytes = 8 << 20;
/** Time to send a request, in seconds. */
const requestLimitSeconds = 10;

/** Listens on the socket. Throws the errors of listening. */
export function listenHttp<Seen extends object>(options: HttpListenerOptions<Seen>): HttpListener {
  const connections = new Set<Socket<Seen>>();
  const drained = Promise.withResolvers<void>();
  let stopping = false;
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let pendingBytes = 0;
  const listener = Bun.listen<Connection<Seen>>({
    unix: options.unix,
    socket: {
      open(socket) {
        // The descriptor is missing from the runtime's types.
        const { fd } = socket as unknown as { fd: number };
        const peer = peerOf(fd);
        socket.data = {
          peer: peer ?? { uid: -1 },
          seen: options.see(fd, peer),
          opened: performance.now(),
          received: nothing,
          unsent: nothing,
          isWhole: false,
        };
        socket.timeout(requestLimitSeconds);
        connections.add(socket);
        if (connections.size >= options.maxConnections) sweep ??= setTimeout(closeSilent, patienceMs).unref();
        if (connections.size > (options.capacity ?? Infinity)) socket.terminate();
        else if (socket.data.seen === undefined) dismiss(socket, options.turnAway(peer));
      },
      data(socket, chunk) {
        const { received, seen } = socket.data;
        if (received === undefined || seen === undefined || socket.readyState <= 0) return;
        const known = received.length === 0 ? options.recall(chunk, seen) : undefined;
        if (known === undefined) ask(socket, Buffer.concat([received, chunk]), seen);
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

  function ask(socket: Socket<Seen>, received: Buffer, seen: Seen): void {
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
      void options.answer(request, received, socket.data.peer, seen).then((bytes) => answer(socket, bytes, true));
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

/** Nothing that it sends is read. */
function dismiss<Seen>(socket: Socket<Seen>, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) socket.terminate();
  else answer(socket, bytes, false);
}

function answer<Seen>(socket: Socket<Seen>, bytes: Uint8Array, isWhole: boolean): void {
  socket.data = { ...socket.data, received: undefined, unsent: bytes, isWhole };
  send(socket);
}

function send<Seen>(socket: Socket<Seen>): void {
  const { data } = socket;
  if (data.unsent.length === 0) return;
  data.unsent = data.unsent.subarray(Math.max(0, socket.write(data.unsent)));
  if (data.unsent.length > 0) return;
  // Closing with unread input would discard the answer (RST): wait until the other side closes.
  if (data.isWhole) socket.end();
  else socket.shutdown();
}
