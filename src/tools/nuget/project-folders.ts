/**
 * The folders in which a restore may find NuGet's settings: those above a project, those below a solution, and those
 * that solutions and projects name. Bounded: the project is untrusted.
 */
import { type Dirent, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ancestors } from "../../base/process/ancestors.ts";
import { readRegularFile } from "../../base/system/regular-file.ts";

/** More folders than the largest of public monorepos has without its `node_modules`. */
const maxFolders = 30_000;
const maxBytes = 4 << 20;
/** So many folders take less time than NuGet waits for a sign of progress. */
const foldersAtOnce = 200;

const container = /\.(?:sln|slnx|slnf|\w*proj|props|targets)$/i;
/** What may be a path, in a solution's text, in JSON with its doubled backslashes, or in XML. */
const word = /[^"'<>|;,=\r\n]+/g;
const projectName = /\.\w*proj\b/gi;

export interface Looks {
  /** Takes the path of a settings file. */
  config: (file: string) => void;
  /** Takes the path of a file of arguments for MSBuild. */
  response: (file: string) => void;
  /** Makes the error for more folders than can be looked at. */
  refuse: () => Error;
}

export class ProjectFolders {
  readonly #own: ReadonlySet<string>;
  readonly #looks: Looks;
  readonly #seen = new Set<string>();
  readonly #walked = new Set<string>();

  /** `own` are the user's folders, which hold nothing of a project. */
  constructor(own: ReadonlySet<string>, looks: Looks) {
    this.#own = own;
    this.#looks = looks;
  }

  /** Looks at the files of a folder and of all its parents. */
  lookUpwards(folder: string): void {
    for (const each of ancestors(folder)) {
      if (this.#own.has(each)) continue;
      this.#look(each);
      // Of old solutions.
      this.#look(join(each, ".nuget"));
    }
  }

  /** Looks at the files of all folders below, and of those that solutions and projects there name. */
  async lookBelow(root: string): Promise<void> {
    const queue = [root];
    for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
      if (this.#walked.has(folder) || this.#own.has(folder)) continue;
      this.#walked.add(folder);
      if (this.#walked.size % foldersAtOnce === 0) await new Promise(setImmediate);
      if (this.#walked.size > maxFolders) throw this.#looks.refuse();
      this.#look(folder);
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name);
        if (container.test(entry.name)) this.#follow(path);
        // What a link leads to is below, too, or is named.
        else if (entry.isDirectory() && !/^(?:node_modules|\.git)$/.test(entry.name)) queue.push(path);
      }
    }
  }

  /** Looks at the folders of the projects that this file names, and of those that they name. */
  #follow(file: string): void {
    const queue = [file];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (this.#seen.has(at)) continue;
      this.#add(at);
      for (const found of projectsIn(textOf(at))) {
        const path = resolve(dirname(at), found.trim().replaceAll(/\\+/g, "/"));
        this.lookUpwards(dirname(path));
        queue.push(path);
      }
    }
  }

  #look(folder: string): void {
    if (this.#seen.has(folder) || this.#own.has(folder)) return;
    this.#add(folder);
    for (const { name } of entriesOf(folder)) {
      if (/^nuget\.config$/i.test(name)) this.#looks.config(join(folder, name));
      else if (/^(?:directory\.build|msbuild)\.rsp$/i.test(name)) this.#looks.response(join(folder, name));
    }
  }

  #add(path: string): void {
    if (this.#seen.size > 2 * maxFolders) throw this.#looks.refuse();
    this.#seen.add(path);
  }
}

/** The paths to projects in a text, in time that its length bounds: in two steps, since one would look back for each start. */
function projectsIn(text: string): string[] {
  return (text.match(word) ?? []).flatMap((each) => {
    const last = [...each.matchAll(projectName)].at(-1);
    return last === undefined || last.index === 0 ? [] : [each.slice(0, last.index + last[0].length)];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readRegularFile(file, maxBytes).toString("utf8");
  } catch {
    return "";
  }
}
