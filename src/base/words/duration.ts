import { count } from "./count.ts";

/** A duration for messages, in whole seconds from one second on. */
export function secondsInWords(ms: number): string {
  const seconds = ms >= 1000 ? Math.round(ms / 1000) : ms / 1000;
  return count(seconds, "second");
}

/** A session is about to end when it has this many seconds left. */
export const soonSeconds = 15 * 60;

/** The time left for a shell prompt, in one word: "7h05m", "42m", and with an exclamation mark what ends soon: "12m!". */
export function timeLeftInOneWord(seconds: number): string {
  const minutes = Math.max(0, Math.floor(seconds / 60));
  if (minutes >= 60) return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
  return `${minutes}m${seconds <= soonSeconds ? "!" : ""}`;
}
