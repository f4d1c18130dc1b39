/** A service on loopback that gives prepared answers in turn and keeps what it was sent, and a clock without waiting. */
import type { RetryClock } from "../../src/base/net/retry.ts";

interface ReceivedRequest {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
}

export interface ScriptedService extends AsyncDisposable {
  url: string;
  received: ReceivedRequest[];
}

/** Answers the n-th request with the n-th answer, and every later one with the last. */
export function startService(...answers: (() => Response | Promise<Response>)[]): ScriptedService {
  const received: ReceivedRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const answer = answers[Math.min(received.length, answers.length - 1)];
      const { method, headers } = request;
      received.push({ method, url: new URL(request.url), headers, body: await request.text() });
      if (!answer) throw new Error("the service has no answer");
      return answer();
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    received,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

export interface VirtualClock extends RetryClock {
  /** The waits so far, in milliseconds. */
  waits: number[];
}

/** Time that passes only by waiting; chance that is always `chance`. */
export function virtualClock(chance = 0.5, start = Date.now()): VirtualClock {
  let now = start;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    random: () => chance,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      now += ms;
    },
  };
}

/** The error that the promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("expected a rejection");
    },
    (error: unknown) => error,
  );
}
