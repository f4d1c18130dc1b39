/**
 * `npm run test:unit`: the tests that need nothing built, no other program and no network but loopback, in seconds. They
 * are found by what they import: a file starts a program, or reads what the build wrote, where its own text or that of a
 * file under test/ that it imports, directly or not, says so. Arguments are those of `bun test`.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { testEnvironment } from "./environment.ts";
import { tempFolder } from "./temp-folder.ts";

const root = join(import.meta.dir, "..");
/** What starts a program (`Bun.spawn`, `node:child_process`, `puppeteer-core`), or names the folder of what is built. */
const needsMore = /\bspawn(Sync)?\(|node:child_process|from "puppeteer-core"|["'/]dist["'/]/;

const transpiler = new Bun.Transpiler({ loader: "ts" });
const texts = new Map<string, string>();

/** Adds the file and every file under test/ that it imports, directly or not. */
function addImported(file: string, found: Set<string>): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = texts.get(file) ?? readFileSync(file, "utf8");
  texts.set(file, text);
  for (const { path } of transpiler.scanImports(text)) {
    const imported = join(dirname(file), path);
    if (path.startsWith(".") && path.endsWith(".ts") && imported.startsWith(import.meta.dir)) {
      addImported(imported, found);
    }
  }
  return found;
}

function isUnit(file: string): boolean {
  return ![...addImported(file, new Set())].some((reached) => needsMore.test(texts.get(reached)!));
}

const files = [...new Glob("**/*.test.ts").scanSync(import.meta.dir)]
  .map((name) => join(import.meta.dir, name))
  .filter(isUnit)
  .toSorted();

using home = tempFolder();
/** In memory where there is such a file system: each commit of the server's database waits for the disk. */
using temporary = tempFolder(existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
// Some files mostly wait, so two a core. They share their modules, as in `npm test`.
const parallel = ["--no-isolate", `--parallel=${2 * availableParallelism()}`];
const run = Bun.spawnSync(
  [process.execPath, "test", ...parallel, "--timeout", "120000", ...process.argv.slice(2), ...files],
  {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...testEnvironment(home.path), TMPDIR: temporary.path },
  },
);
process.exitCode = run.exitCode;
