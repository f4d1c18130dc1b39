/** The settings file as the agent sees it: reread only if it has changed. */
import { type Stats, statSync } from "node:fs";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";

export class SettingsFile {
  /** Absolute. */
  readonly path: string;
  #read: { stats: Stats | undefined; settings: Settings } | undefined;

  constructor(path: string = settingsPath()) {
    this.path = path;
  }

  /** The current settings. Throws `settings_invalid`, `file_error`. */
  current(): Settings {
    const stats = statOf(this.path);
    if (this.#read === undefined || !isSame(stats, this.#read.stats)) {
      this.#read = { stats, settings: loadSettings(this.path) };
    }
    return this.#read.settings;
  }
}

/** Undefined if stat fails; reading the file then reports why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Identity of the file's content: differs after an edit in place and after a replacement. */
function isSame(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.ino === b?.ino && a?.size === b?.size && a?.mtimeMs === b?.mtimeMs && a?.ctimeMs === b?.ctimeMs;
}
