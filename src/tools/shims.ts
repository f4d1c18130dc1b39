/** The shims folder: links to vouch under the names of package managers, to be first on PATH. */
import { mkdirSync, readlinkSync, realpathSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { namesIn } from "../base/system/folder-names.ts";
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { findAllOnPath } from "../base/system/path.ts";
import { homeFolder } from "../base/system/home.ts";

/** The folder: `$XDG_DATA_HOME/vouch/shims`, else `~/.local/share/vouch/shims`. */
export function shimsFolder(env: Environment = process.env): string {
  const xdg = env["XDG_DATA_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homeFolder(env), ".local/share"), "vouch/shims");
}

/** Whether the shims folder contains a link of ours under that name. */
export function isLinkedShim(name: string, env: Environment): boolean {
  return ownership(join(shimsFolder(env), name), process.execPath) === "ours";
}

/** The first program of that name on PATH that is not a link to Vouch. */
export function findInstalled(name: string, env: Environment): string | undefined {
  return findAllOnPath(name, env).find((found) => ownership(found, process.execPath) !== "ours");
}

/** The link to Vouch of that name: on PATH, or else in the shims folder; undefined if there is none. */
export function findShim(name: string, env: Environment): string | undefined {
  const places = [...findAllOnPath(name, env), join(shimsFolder(env), name)];
  return places.find((place) => ownership(place, process.execPath) === "ours");
}

export interface ShimChanges {
  added: string[];
  removed: string[];
}

/** The changes that `applyShims` would make. Throws `edit_conflict` if a needed name belongs to another file. */
export function planShims(folder: string, needed: string[], executable: string): ShimChanges {
  const added = needed.filter((name) => {
    const path = join(folder, name);
    const found = ownership(path, executable);
    if (found === "foreign") {
      throw new VouchError("edit_conflict", `${path} is not a link of Vouch, and stays as it is.`, {
        hint: "Move it away, then run the command again.",
      });
    }
    return found === "absent" || readlinkSync(path) !== executable;
  });
  const removed = namesIn(folder).filter(
    (name) => !needed.includes(name) && ownership(join(folder, name), executable) === "ours",
  );
  return { added, removed };
}

/** Makes the folder contain exactly the needed links to the executable, besides files of others. */
export function applyShims(folder: string, needed: string[], executable: string): ShimChanges {
  const changes = planShims(folder, needed, executable);
  try {
    if (changes.added.length > 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of changes.added) {
      const path = join(folder, name);
      if (ownership(path, executable) === "ours") unlinkSync(path);
      symlinkSync(executable, path);
    }
    for (const name of changes.removed) unlinkSync(join(folder, name));
    if (changes.removed.length > 0 && namesIn(folder).length === 0) rmdirSync(folder);
  } catch (error) {
    throw new VouchError("file_error", `The links in ${folder} cannot be changed: ${(error as Error).message}.`, {
      hint: "Check the owner and the mode of the folder.",
      cause: error,
    });
  }
  return changes;
}

/** A link is ours if it points to this executable, or to a current or former path of a vouch. */
function ownership(path: string, executable: string): "absent" | "ours" | "foreign" {
  let link: string;
  try {
    link = readlinkSync(path);
  } catch (error) {
    // EINVAL: it exists and is not a link.
    return (error as NodeJS.ErrnoException).code === "EINVAL" ? "foreign" : "absent";
  }
  const target = resolve(path, "..", link);
  return target === executable || basename(target) === "vouch" || samePlace(target, executable) ? "ours" : "foreign";
}

function samePlace(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
