import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A new, empty folder that is deleted with all that is in it when it is disposed of:
 *
 *     using folder = tempFolder();               at the end of the block
 *     afterAll(() => folder[Symbol.dispose]());  from a hook
 */
export interface TempFolder extends Disposable {
  /** Absolute, and without symbolic links on the way. */
  readonly path: string;
}

/**
 * Creates the folder.
 * @param parent the folder to create it in; `/tmp` where the path must be short enough for a socket
 */
export function tempFolder(parent: string = tmpdir()): TempFolder {
  const path = realpathSync(mkdtempSync(join(parent, "vouch-test-")));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
