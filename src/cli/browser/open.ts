/** Opens a page in the person's browser. */
import type { Environment } from "../../base/environment.ts";
import { findOnPath, withSafePath } from "../../base/system/path.ts";

/**
 * The program that opens a page for the person who sits here: an absolute path, found by the safe search of PATH. Undefined
 * where nobody would see it: without a display, and by ssh, where the browser would be one of another machine.
 */
export function browserOpener(env: Environment, platform: string = process.platform): string | undefined {
  if (env["SSH_CONNECTION"]) return undefined;
  if (platform === "darwin") return findOnPath("open", env);
  // WSL, whose browser is that of Windows, which reaches this loopback interface.
  const ofWindows = findOnPath("wslview", env);
  if (ofWindows !== undefined) return ofWindows;
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? findOnPath("xdg-open", env) : undefined;
}

/** Starts the program for the URL; it goes on when this process ends. False if it cannot be started. */
export function openPage(program: string, url: string, env: Environment): boolean {
  try {
    Bun.spawn([program, url], { env: withSafePath(env), stdio: ["ignore", "ignore", "ignore"] }).unref();
    return true;
  } catch {
    return false;
  }
}
