/**
 * The transport to the agent through Bun's APIs, on every platform. Imports next to nothing, so that a helper's
 * fallback loads little.
 */
import { closeSync, lstatSync, openSync } from "node:fs";
import { peerOf } from "./peer.ts";
import type { Exchange } from "./question.ts";
import type { FileStatus } from "./socket.ts";

/** lstat(2). Throws the runtime's error if access is denied. */
export function lstat(path: string): FileStatus | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * Connects, checks that the listener is the folder's owner (the folder may have been replaced since the check), sends the
 * request, and returns the result of `read`.
 */
export async function exchange(
  path: string,
  request: Uint8Array,
  { timeoutMs, owner, read, disconnected }: Exchange,
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
          const distrust = distrustOf(connected, owner);
          if (distrust === undefined) send(connected);
          else reject(disconnected(distrust));
        },
        drain: send,
        data(_, chunk) {
          // A copy: the runtime reuses the chunk's memory.
          answer = Buffer.concat([answer, chunk]);
          readOn(false);
        },
        close: () => readOn(true),
        error: (_, error) => reject(disconnected("gone", error)),
      },
    }).catch((error: unknown) => {
      throw disconnected(isOutOfDescriptors() ? "descriptors" : "refused", error);
    });
    return await promise;
  } finally {
    clearTimeout(timer);
    socket?.terminate();
  }
}

/** Whether no further descriptor can be opened: Bun reports a socket(2) that failed with EMFILE as ECONNREFUSED. */
function isOutOfDescriptors(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return false;
  } catch (error) {
    return ["EMFILE", "ENFILE"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Why nothing is sent: another user than the owner listens, or the system does not tell who does; undefined: it is sent. */
function distrustOf(socket: Bun.Socket, owner: number): "foreign" | "unseen" | undefined {
  try {
    // The descriptor is missing from the runtime's types.
    const peer = peerOf((socket as unknown as { fd: number }).fd);
    if (peer === undefined) return "unseen";
    return peer.uid === owner ? undefined : "foreign";
  } catch {
    return "unseen";
  }
}
