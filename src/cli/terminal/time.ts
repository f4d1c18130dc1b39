/** Formats times for people. All inputs are in seconds, points in time since 1970. */

import { count } from "../../base/words/count.ts";

/** Returns the local time of day, with the date if it is not on the day of `now`. */
export function clockTime(seconds: number, now: number = Date.now() / 1000): string {
  const date = new Date(seconds * 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === new Date(now * 1000).toDateString()) return time;
  return `${calendarDate(seconds)} ${time}`;
}

/** Returns the local date: "2026-11-24". */
export function calendarDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Returns a duration in words: "8 hours", "7 h 12 min", "5 min", "less than a minute". */
export function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (minutes % 60 === 0) return count(hours, "hour");
  return `${hours} h ${minutes % 60} min`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
