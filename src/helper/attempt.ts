/** What a helper's quick side leaves to its careful one. */
import type { Route } from "../agent/protocol.ts";

export interface Attempt {
  /** How long the agent was waited for in vain, in milliseconds. */
  spentMs: number;
  /** The whole answer of the agent to the question that was asked last: it need not be asked again. */
  answered?: { route: Route; body: string; answer: Uint8Array };
  /** Whether Cargo has been greeted already. */
  greeted?: true;
  /** What has been read from stdin and is not answered yet, one character for each byte. */
  stdin?: string;
  /** Reads on: the runtime's own reader would begin anew where stdin is a file. Empty at the end, undefined on failure. */
  readStdin?: () => Uint8Array | undefined;
}
