/** Until when a token that was found is good. */
import type { Leak } from "./leak.ts";
import { endByHeader, maxTokenSeconds } from "./token-form.ts";

/** When a token ends. */
export interface End {
  /** Seconds since 1970; undefined if nothing says it. */
  expiration: number | undefined;
  /** Who says so: the agent that has given it out, the token, or the file, which is younger than the token. */
  by: "agent" | "token" | "file" | "nothing";
  /** Whether it may have ended before. */
  atMost: boolean;
}

/** The end of the leaked token; `known` are those that the agent has given out, with their expiration. */
export function endOf(leak: Leak, known: ReadonlyMap<string, number>): End {
  const { token } = leak;
  const given = token === undefined ? undefined : known.get(token);
  if (given !== undefined) return { expiration: given, by: "agent", atMost: false };
  const read = token === undefined ? undefined : endByHeader(token);
  if (read !== undefined) return { expiration: read, by: "token", atMost: true };
  if (leak.place === "file") return { expiration: leak.changed + maxTokenSeconds, by: "file", atMost: true };
  return { expiration: undefined, by: "nothing", atMost: true };
}

/** Whether the token may be good at that time, in seconds since 1970. */
export function mayBeGood({ expiration }: End, now: number): boolean {
  return expiration === undefined || expiration > now;
}
