/** The detail of an audit entry for people. */
import type { Detail, DetailValue } from "./entry.ts";

/** `name=value` of each member that has a value; a list of names as it is, any other by its length, none that is empty. */
export function detailTexts(detail: Detail): string[] {
  return Object.entries(detail).flatMap(([name, value]) => (isEmpty(value) ? [] : [`${name}=${shown(value)}`]));
}

function isEmpty(value: DetailValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function shown(value: DetailValue): string {
  if (!Array.isArray(value)) return String(value);
  return value.every((each) => typeof each === "string") ? value.join(",") : `(${value.length})`;
}
