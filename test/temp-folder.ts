/** Folders for tests, which leave nothing behind. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempFolder extends Disposable {
  /** Absolute, and without symbolic links on the way. */
  readonly path: string;
}

/**
 * A new, empty folder, deleted with all that is in it at the end of the block: `using folder = tempFolder()`. It is in
 * `parent`, which is `/tmp` where the path must be short enough for a socket.
 */
export function tempFolder(parent: string = tmpdir()): TempFolder {
  const path = realpathSync(mkdtempSync(join(parent, "vouch-test-")));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * The path of such a folder, deleted by a hook: `afterAll` for one of the whole file (called outside of other hooks),
 * `onTestFinished` for one that `beforeEach` makes; that one is deleted after every `afterEach`.
 */
export function tempFolderUntil(hook: (end: () => void) => void, parent?: string): string {
  const folder = tempFolder(parent);
  hook(() => folder[Symbol.dispose]());
  return folder.path;
}
