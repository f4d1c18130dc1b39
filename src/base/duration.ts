/** A duration for messages, in whole seconds from one second on. */
export function secondsInWords(ms: number): string {
  const seconds = ms >= 1000 ? Math.round(ms / 1000) : ms / 1000;
  return `${seconds} second${seconds === 1 ? "" : "s"}`;
}
