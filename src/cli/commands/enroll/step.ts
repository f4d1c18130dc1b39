/** A step of the first day: what is missing, how it is asked for, how it is done. */
import type { StatusReply } from "../../../agent/protocol.ts";
import type { Settings } from "../../../settings/settings.ts";
import type { ToolName } from "../../../tools/tools.ts";

/** What the command line gives. */
export interface Given {
  server?: string | undefined;
  name?: string | undefined;
  role?: string | undefined;
  region?: string | undefined;
  domain?: string | undefined;
  "domain-owner"?: string | undefined;
  repository?: string | undefined;
  "registry-name"?: string | undefined;
  path?: string | undefined;
  tools: ToolName[];
}

/** Settings and agent as they are before a step. */
export interface Situation {
  given: Given;
  settings: Settings;
  agent: StatusReply | undefined;
  timeoutSeconds: number;
  /** Whether somebody is at a terminal to be asked. */
  isPerson: boolean;
  doubt: Doubt;
}

/** What an interruption leaves open. */
export interface Doubt {
  /** Set by a step once a request is under way whose outcome an interruption leaves unknown: what tells it. */
  hint?: string;
  /** Set with it: stores what the command in the hint needs. */
  keep?: () => void;
}

/** Says at the very end what is left to do. */
export type Closing = () => void;

export interface Step {
  title: string;
  /** The sentence on what is there already; undefined if something is missing, or is to be another. */
  present: (at: Situation) => string | undefined;
  /** Whether flags are about it: off a terminal only such steps are done. */
  isGiven: (given: Given) => boolean;
  /** Asks for what the flags leave open, and does it. */
  carryOut: (at: Situation) => Promise<Closing | void>;
}

/** A step whose answers are of one type: `ask` returns them, `act` does what they say. */
export function defineStep<Answer>({
  ask,
  act,
  ...step
}: Omit<Step, "carryOut"> & {
  ask: (at: Situation) => Promise<Answer>;
  act: (answer: Answer, at: Situation) => Promise<void>;
}): Step {
  return { ...step, carryOut: async (at) => act(await ask(at), at) };
}
