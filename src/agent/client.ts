/** Asks the agent by means of the runtime, on every platform: for the command line, which may wait and be interrupted. */
import { lstatSync } from "node:fs";
import { askThrough, Disconnected, type ExchangeLimits, type Route, type System } from "./question.ts";
import { type FileStatus, untrusted } from "./socket.ts";

/** lstat(2) by node:fs. Throws `agent_untrusted` when the system does not let this user look. */
export function lstat(path: string): FileStatus | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw untrusted(path, (error as Error).message);
  }
}

const system: System = { lstat, exchange };

/** Asks one question and resolves with the agent's reply; throws as `askThrough`. */
export function askAgent<Reply>(route: Route, body?: unknown, options?: { timeoutMs?: number }): Promise<Reply> {
  return askThrough<Reply>(system, route, body, options);
}

async function exchange(path: string, request: Uint8Array, limits: ExchangeLimits): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let answer = Buffer.alloc(0);
  let unsent = request;
  const send = (socket: Bun.Socket) => {
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
  };
  const timer = setTimeout(() => reject(new Disconnected("timeout")), limits.timeoutMs);
  let socket: Bun.Socket | undefined;
  try {
    socket = await Bun.connect({
      unix: path,
      socket: {
        open: send,
        drain: send,
        data(_, chunk) {
          // A copy: the runtime uses the chunk's memory again.
          answer = Buffer.concat([answer, chunk]);
          if (answer.length > limits.maxBytes) reject(new Disconnected("too_long"));
          else if (limits.isWhole(answer)) resolve(answer);
        },
        close: () => resolve(answer),
        error: (_, error) => reject(new Disconnected("gone", error)),
      },
    }).catch((error: unknown) => {
      throw new Disconnected("refused", error);
    });
    return await promise;
  } finally {
    clearTimeout(timer);
    socket?.terminate();
  }
}
