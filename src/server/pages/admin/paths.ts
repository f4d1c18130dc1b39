/** Paths of the administrators' pages. */
import type { AdminChange } from "../../administration/change.ts";
import type { AdminPath } from "../answer.ts";

/** Where the form of a change is sent. */
export function changePath(type: AdminChange["type"]): AdminPath {
  return `/admin/changes/${type}`;
}

export function personPath(email: string): AdminPath {
  return withQuery("/admin/person", { email });
}

export function groupPath(name: string, more: Query = {}): AdminPath {
  return withQuery("/admin/group", { name, ...more });
}

export function profilePath(name: string): AdminPath {
  return withQuery("/admin/profile", { name });
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** The path with a query of those values that there are. */
export function withQuery(path: `/admin/${string}`, query: Query): AdminPath {
  const present = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return present.length === 0 ? path : `${path}?${new URLSearchParams(present).toString()}`;
}
