/** Absolute paths of POSIX, without node:path: a helper loads no module of Node.js. */

/** The folder above; of the root the root itself. */
export function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The file or folder of that name in an absolute folder. */
export function join(folder: string, name: string): string {
  return `${folder === "/" ? "" : folder}/${name}`;
}

/** A path as it is meant in an absolute folder, without `.`, `..` and slashes at the end. */
export function resolve(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : join(folder, path)).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
