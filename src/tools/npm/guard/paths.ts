/** Absolute POSIX paths without node:path, because helpers load no module of Node.js. */

/** The parent folder; the root is its own parent. */
export function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The entry of that name in an absolute folder. */
export function join(folder: string, name: string): string {
  return `${folder === "/" ? "" : folder}/${name}`;
}

/** Resolves a path against an absolute folder: without `.`, `..` and trailing slashes. */
export function resolve(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : join(folder, path)).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
