/** Whether anybody still reads what is written to a pipe, without writing to it. */
import { openLibc } from "./libc.ts";

/** poll(2): events that are reported unasked. A pipe without readers has an error; so has a terminal that is gone. */
const POLLERR = 8;
const POLLHUP = 16;

let poll: ((polled: Int32Array) => number) | undefined;

/** False once the last reader of the pipe, or the terminal, is gone. */
export function hasReader(fd: number): boolean {
  poll ??= openPoll();
  // `struct pollfd`: the descriptor, and two 16-bit fields for what is asked (nothing) and what has happened.
  const polled = new Int32Array([fd, 0]);
  return poll(polled) <= 0 || ((polled[1]! >> 16) & (POLLERR | POLLHUP)) === 0;
}

function openPoll(): (polled: Int32Array) => number {
  const libc = openLibc({ poll: { args: ["ptr", "u32", "i32"], returns: "i32" } });
  return (polled) => libc.poll(polled, 1, 0);
}
