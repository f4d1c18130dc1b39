/** The whole search: files, then processes. */
import { statSync } from "node:fs";
import type { Machine } from "../../../../tools/checks/finding.ts";
import { readSmallFile } from "../../../../tools/checks/small-files.ts";
import { hasTokenByLook } from "../../../../tools/checks/token-lines.ts";
import { storedTokens } from "../../../../tools/checks/stored-tokens.ts";
import { searchFiles } from "./files.ts";
import type { Leak, Searched } from "./leak.ts";
import { leakPlaces } from "./places.ts";
import { searchProcesses } from "./processes.ts";

/** Everything on the machine that is a token, or may be one that only the agent knows. `onStep` is told what is searched next. */
export function searchLeaks(machine: Machine, onStep: (what: string) => void = () => {}): [Leak[], Searched] {
  const searched: Searched = { files: 0, processes: 0, skipped: [] };
  onStep("files, histories, logs and caches");
  const inFiles = searchFiles(leakPlaces(machine), searched);
  const places = new Set(
    inFiles.filter(({ hasForm }) => hasForm).map((leak) => (leak.place === "file" ? `${leak.path}:${leak.line}` : "")),
  );
  // What a package manager takes for a password of CodeArtifact, whatever it looks like.
  const stored = storedTokens(machine).flatMap(({ path, line, remedy }): Leak[] => {
    const changed = changedAt(path);
    // What begins like a token, and is none by its form, was cut off.
    const isCut = hasTokenByLook(readSmallFile(path)?.split("\n")[line - 1] ?? "");
    if (changed === undefined || isCut || places.has(`${path}:${line}`)) return [];
    return [{ place: "file", path, kind: "settings", line, changed, token: undefined, hasForm: true, remedy }];
  });
  onStep("processes");
  return [[...inFiles, ...stored, ...searchProcesses(searched)], searched];
}

function changedAt(path: string): number | undefined {
  try {
    const { mtimeMs, ctimeMs } = statSync(path);
    return Math.max(mtimeMs, ctimeMs) / 1000;
  } catch {
    return undefined;
  }
}
