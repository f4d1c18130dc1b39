/** The detail of an audit entry for people. */
import type { Detail, DetailValue } from "./entry.ts";

/** `name=value` of each member that has a value; a list of names as it is, any other by its length. */
export function detailTexts(detail: Detail): string[] {
  return Object.entries(detail).flatMap(([name, value]) => (value === null ? [] : [`${name}=${shown(value)}`]));
}

function shown(value: DetailValue): string {
  if (!Array.isArray(value)) return String(value);
  return value.every((each) => typeof each === "string") ? value.join(",") : `(${value.length})`;
}
