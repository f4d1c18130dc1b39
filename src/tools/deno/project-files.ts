/** The files that deno's configuration names: lock files, import maps, folders of members. The project is untrusted. */
import { statusOf, textOf } from "../npm/guard/files.ts";
import { memberFolders } from "../npm/guard/project/members.ts";
import { dirname, join, resolve } from "../npm/guard/paths.ts";
import type { OwnFiles } from "../npm/guard/other-tools.ts";
import { VouchError } from "../../base/errors.ts";
import { tableOf } from "../../base/json.ts";

/** deno's own files name addresses, and nothing that decides about the connection. */
export const denoFiles: OwnFiles = Object.fromEntries(
  ["deno.json", "deno.jsonc", "deno.lock"].map((name) => [name, () => undefined]),
);

export interface NamedByProject {
  /** Files that hold addresses. */
  files: string[];
  /** Folders whose own files count. */
  folders: string[];
  /** What cannot be checked and so prevents a token. */
  objections: VouchError[];
}

/** What the configurations of these absolute folders, of those above, and these files name. */
export function namedByProject(folders: readonly string[], configurations: readonly string[]): NamedByProject {
  const named: NamedByProject = { files: [], folders: [], objections: [] };
  const refuse = (file: string, why: string) => {
    const hint = "Change it there.";
    named.objections.push(new VouchError("project_untrusted", `deno gets no token here: ${file} ${why}.`, { hint }));
  };
  const seen = new Set<string>();
  const read = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    // One that is too large is refused where its addresses are looked for.
    const text = textOf(file, () => {});
    if (text === undefined) return;
    const folder = dirname(file);
    const document = documentOf(text);
    // deno reads looser forms.
    if (document === undefined) return refuse(file, "is no JSON with comments");
    const lock = document["lock"];
    for (const path of [lock, tableOf(lock)["path"], document["importMap"]]) {
      if (typeof path !== "string") continue;
      named.files.push(pathOf(folder, path));
    }
    const { workspace } = document;
    const lists = [
      workspace,
      tableOf(workspace)["members"],
      document["workspaces"],
      document["patch"],
      document["links"],
    ];
    const patterns = lists
      .flatMap((list) => (Array.isArray(list) ? list : []))
      .filter((one) => typeof one === "string");
    for (const member of memberFolders(folder, patterns, () => refuse(file, "has more members than can be checked"))) {
      named.folders.push(member);
      readFolder(member);
    }
  };
  const readFolder = (folder: string) => {
    for (const name of ["deno.json", "deno.jsonc"]) read(join(folder, name));
  };
  for (const folder of folders) {
    for (let at = folder; ; at = dirname(at)) {
      readFolder(at);
      if (at === dirname(at)) break;
    }
  }
  for (const file of configurations) read(file);
  named.files = named.files.filter((file) => statusOf(file)?.isFile() === true);
  return named;
}

/** A path or `file:` URL that a configuration in the folder names. */
function pathOf(folder: string, path: string): string {
  const url = URL.parse(path);
  return url?.protocol === "file:" ? Bun.fileURLToPath(url) : resolve(folder, path);
}

function documentOf(text: string): Record<string, unknown> | undefined {
  try {
    return tableOf(Bun.JSONC.parse(text.replace(/^\uFEFF/, "") || "{}"));
  } catch {
    return undefined;
  }
}
