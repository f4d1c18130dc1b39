/** State that the fast path hands to the fallback. */
import type { Route } from "../agent/protocol.ts";

export interface Attempt {
  /** Time already spent waiting for the agent, in milliseconds. */
  spentMs: number;
  /** The agent's whole answer to the last request, so that the fallback does not send it again. */
  answered?: { route: Route; body: string; answer: Uint8Array };
  /** Whether Cargo has received our greeting. */
  greeted?: true;
  /** Unprocessed bytes from stdin, one character per byte. */
  stdin?: string;
  /**
   * Reads more of stdin: Bun's reader would restart at the beginning of a file. Empty at the end, undefined on failure.
   */
  readStdin?: () => Uint8Array | undefined;
}
