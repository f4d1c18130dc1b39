/** Whether `npm exec` and `npx` start an installed program, without contacting a registry. */
import type { NpmCommand } from "./command-line/commands.ts";
import { dirname, join, resolve } from "./guard/paths.ts";

/**
 * npm's own rule (libnpmexec): a shell, or `-c` without packages; the project's own `bin`; `node_modules/.bin` of the
 * folder or a parent; npm's global programs, usually beside npm (`npm`, its path).
 */
export async function isProgramOfProject(readings: NpmCommand[], npm: string | undefined): Promise<boolean> {
  for (const { command, words, given } of readings) {
    if (command !== "exec" || given.has("package")) return false;
    const [program] = words;
    if (program === undefined) continue;
    const options = [...(given.get("prefix") ?? []), ...(given.get("workspace") ?? [])];
    const folders = ["", ...options.filter((value) => typeof value === "string")];
    const found = await Promise.all(folders.map((folder) => hasProgram(resolve(process.cwd(), folder), program)));
    if (found.includes(true)) continue;
    if (npm !== undefined && (await Bun.file(join(dirname(npm), program)).exists())) continue;
    return false;
  }
  return readings.length > 0;
}

async function hasProgram(folder: string, program: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (await Bun.file(join(at, `node_modules/.bin/${program}`)).exists()) return true;
    const manifest = (await Bun.file(join(at, "package.json"))
      .json()
      .catch(() => ({}))) as { name?: unknown; bin?: unknown } | null;
    if (hasBin(manifest, program)) return true;
    if (at === dirname(at)) return false;
  }
}

/** `bin` is a table of programs, or the path of one with the package's name without its scope. */
function hasBin(manifest: { name?: unknown; bin?: unknown } | null, program: string): boolean {
  const bin = manifest?.bin;
  if (typeof bin === "string") return String(manifest?.name).replace(/^@[^/]*\//, "") === program;
  return typeof bin === "object" && bin !== null && Object.hasOwn(bin, program);
}
