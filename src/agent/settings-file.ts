/** The settings as the agent sees them: the file as it is now, read again only when it has changed. */
import { statSync } from "node:fs";
import { loadSettings, type Settings, settingsPath } from "../config/settings.ts";

export class SettingsFile {
  readonly #path: string;
  #read: { stamp: string; settings: Settings } | undefined;

  constructor(path: string = settingsPath()) {
    this.#path = path;
  }

  /** The current settings. Throws `settings_invalid`, `file_error`. */
  current(): Settings {
    const stamp = this.#stamp();
    if (this.#read?.stamp !== stamp) this.#read = { stamp, settings: loadSettings(this.#path) };
    return this.#read.settings;
  }

  /** What differs when the file was edited in place or replaced. */
  #stamp(): string {
    const stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? "absent" : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
  }
}
