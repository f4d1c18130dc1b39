/** What PDM reads of a project: its configuration, and the URLs of its lock file. */
import { readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ancestors } from "../../base/system/ancestors.ts";
import type { Environment } from "../../base/environment.ts";
import type { Mention } from "./mentions.ts";
import { isFetched, mentionsOfProject } from "./toml-files.ts";
import { longOptionValues } from "./requirements.ts";

const configuration = ["pdm.toml", ".pdm.toml", "pyproject.toml"];

/** PDM's words, `pdm` among the first: by its own name, as a module, or as its interpreter's script. */
export function isPdm(words: readonly string[]): boolean {
  return words.slice(0, 8).some((word) => basename(word) === "pdm" || /^-[a-zA-Z]*mpdm$/.test(word));
}

/** The project's files in its folder and all above, of which PDM takes the nearest with a `pyproject.toml`. */
export function mentionsOfPdm(words: readonly string[], cwd: string, env: Environment): Mention[] {
  const named = [...longOptionValues(words, "--project"), ...joinedValues(words, "p"), env["PDM_PROJECT"] ?? ""];
  const folders = [...new Set(["", ...named].map((folder) => resolve(cwd, folder)))];
  return folders.flatMap((folder) =>
    mentionsOfProject(folder, configuration).concat(mentionsOfLocks(folder, words, env)),
  );
}

/** PDM sends a password to every URL of a host that it has one for, without TLS too: also to those of a lock file. */
function mentionsOfLocks(folder: string, words: readonly string[], env: Environment): Mention[] {
  const named = [...longOptionValues(words, "--lockfile"), ...joinedValues(words, "L"), env["PDM_LOCKFILE"] ?? ""];
  const files = [
    ...ancestors(folder).flatMap((at) => locksIn(at).map((name) => resolve(at, name))),
    ...named.filter((name) => name !== "").map((name) => resolve(folder, name)),
  ];
  const found = files.flatMap((file) => mentionsOfProject(dirname(file), [basename(file)], false));
  return found.filter((mention) => mention.kind !== "url" || isFetched({ ...mention, isDirect: false }));
}

function locksIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^(pdm.*\.lock|pylock.*\.toml)$/.test(name));
  } catch {
    return [];
  }
}

/** The values of a short option, also joined to it and behind flags: `-p X`, `-pX`, `-vpX`. */
function joinedValues(words: readonly string[], letter: string): string[] {
  return words.flatMap((word, index) => {
    const [, value] = new RegExp(`^-[a-zA-Z]*?${letter}(.*)$`, "s").exec(word) ?? [];
    if (value === undefined || word.startsWith("--")) return [];
    return [value.replace(/^=/, "") || (words[index + 1] ?? "")];
  });
}
