/**
 * How the agent is reached by means of the runtime, on every platform. It imports next to nothing of ours, so that a
 * helper can load it alone, when its own way fails.
 */
import { lstatSync } from "node:fs";
import { isOwnPeer } from "./peer.ts";
import type { Exchange } from "./question.ts";
import type { FileStatus } from "./socket.ts";

/** lstat(2). Throws the runtime's error when the system does not let this user look. */
export function lstat(path: string): FileStatus | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * Connects, sends the request once the listener is known to be of this user (the folder may have been exchanged since it
 * was looked at), and gives what `read` makes of what comes.
 */
export async function exchange(
  path: string,
  request: Uint8Array,
  { timeoutMs, read, disconnected }: Exchange,
): Promise<object | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<object | undefined>();
  let answer = Buffer.alloc(0);
  let unsent = request;
  const readOn = (ended: boolean) => {
    try {
      const reply = read(answer, ended);
      if (reply !== undefined) resolve(reply);
    } catch (error) {
      reject(error);
    }
  };
  const send = (socket: Bun.Socket) => {
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
  };
  const timer = setTimeout(() => reject(disconnected("timeout")), timeoutMs);
  let socket: Bun.Socket | undefined;
  try {
    socket = await Bun.connect({
      unix: path,
      socket: {
        open(connected) {
          if (isTrusted(connected)) send(connected);
          else reject(disconnected("foreign"));
        },
        drain: send,
        data(_, chunk) {
          // A copy: the runtime uses the chunk's memory again.
          answer = Buffer.concat([answer, chunk]);
          readOn(false);
        },
        close: () => readOn(true),
        error: (_, error) => reject(disconnected("gone", error)),
      },
    }).catch((error: unknown) => {
      throw disconnected("refused", error);
    });
    return await promise;
  } finally {
    clearTimeout(timer);
    socket?.terminate();
  }
}

/** The runtime's types do not know that a socket has its descriptor. */
function isTrusted(socket: Bun.Socket): boolean {
  try {
    return isOwnPeer((socket as unknown as { fd: number }).fd);
  } catch {
    return false;
  }
}
