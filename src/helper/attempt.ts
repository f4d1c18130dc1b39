/** What the first stage (src/first-stage) has done before it left the rest to this runtime. */
import { readWholeFile } from "../base/system/descriptor.ts";
import { VouchError } from "../base/errors.ts";

export interface Attempt {
  /** Time already spent waiting for the agent, in milliseconds. */
  spentMs: number;
  /** The agent's whole answer to the last request, so that it is not sent again. */
  answered?: { route: string; body: string; answer: Uint8Array };
  /** Whether Cargo has received our greeting. */
  greeted: boolean;
  /** Bytes of stdin that have been read and not answered. */
  stdin: Uint8Array;
}

/** More than the first stage's buffers for stdin, a request and an answer together. */
const maxBytes = 1 << 18;
const head = /^vouch first stage 1 ([01]) (\d{1,9}) (\d{1,6}) (\d{1,6}) (\d{1,6}) (\d{1,6})\n/;

/**
 * Reads the memory file that the first stage has filled, and closes it. Throws `usage` for anything else: the argument is
 * the executable's own, but anybody can give it.
 */
export function readAttempt(descriptor: string): Attempt {
  const bytes =
    /^\d\d$/.test(descriptor) && Number(descriptor) > 2 ? readWholeFile(Number(descriptor), maxBytes) : undefined;
  const text = bytes === undefined ? "" : Buffer.from(bytes.subarray(0, 128)).toString("latin1");
  const match = head.exec(text);
  const sizes = match?.slice(3).map(Number) ?? [];
  if (bytes === undefined || match === null || match[0].length + sum(sizes) !== bytes.length) {
    throw new VouchError("usage", "--first-stage is an argument that the executable gives itself.", {
      hint: "Leave it out.",
    });
  }
  let start = match[0].length;
  const [route, body, answer, stdin] = sizes.map((size) => bytes.subarray(start, (start += size)));
  const latin1 = (part: Uint8Array) => Buffer.from(part).toString("latin1");
  return {
    greeted: match[1] === "1",
    spentMs: Number(match[2]),
    stdin: stdin!,
    ...(answer!.length > 0 && { answered: { route: latin1(route!), body: latin1(body!), answer: answer! } }),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
