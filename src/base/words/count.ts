/** A count with its noun: "1 session", "2 sessions"; `plural` where it is not made by an s ("people"). */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
