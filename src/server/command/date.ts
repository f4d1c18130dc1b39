/** Formats seconds since 1970 for people, in UTC to the second. */
export function date(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}
