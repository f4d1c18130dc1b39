/** Prints what would change of a file, for --dry-run. */
import { existsSync } from "node:fs";
import type { FileChange } from "../../../editing/user-file.ts";
import { type Settings, settingsPath } from "../../../settings/settings.ts";
import { bold, dim, green, note, print, red } from "../../terminal/terminal.ts";
import { previewChange } from "./codeartifact/outcome/preview.ts";

/** Nothing without a change. `shown` is applied to each line. */
export function printChange({ path, before, after }: FileChange, shown = (line: string): string => line): void {
  if (before === after) return;
  print(bold(`${path}${before === undefined ? " (new)" : after === undefined ? " (deleted)" : ""}`));
  for (const line of previewChange(before, after).map(shown)) {
    print(line.startsWith("+") ? green(line) : line.startsWith("-") ? red(line) : dim(line));
  }
}

/** Prints the change of Vouch's settings, and that it is not made. */
export function printSettingsChange(before: Settings, after: Settings): void {
  const change = settingsChange(before, after, !existsSync(settingsPath()));
  if (change.before === change.after) note("Nothing would change.");
  printChange(change);
  sayNothingChanged();
}

/** `areNew`: there is no settings file. */
export function settingsChange(before: Settings, after: Settings, areNew: boolean): FileChange {
  const [old, next] = [asText(before), asText(after)];
  return { path: settingsPath(), before: areNew && old !== next ? undefined : old, after: next };
}

export function sayNothingChanged(): void {
  note("Nothing has been changed (--dry-run).");
}

function asText(settings: Settings): string {
  return JSON.stringify(settings, null, 2);
}
