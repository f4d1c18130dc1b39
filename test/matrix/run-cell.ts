/** Runs one cell: set up, log in, publish, install, search for tokens, remove. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { publishRole } from "../sandbox/aws/publish-role.ts";
import { names } from "../sandbox/main.ts";
import { filesWithToken } from "./tokens.ts";
import type { Cell } from "./cell.ts";
import { Desk } from "./desk.ts";
import type { Office } from "./office.ts";

export interface CellResult {
  cell: Cell;
  /** What the package manager says of its version. */
  version: string | undefined;
  /** Why it failed; undefined when it passed. */
  failure: string | undefined;
  /** The files that hold a token, and those that the driver wrote so that there is a credential. */
  tokenFiles: string[];
  byHand: string[];
  ms: number;
}

/** Many times what a cell needs on a quiet machine. */
const usualLimitMs = 240_000;

/** Runs the cell in a home folder of its own. Never throws. */
export async function runCell(office: Office, cell: Cell): Promise<CellResult> {
  const started = performance.now();
  const desk = new Desk(office, cell, idOf(cell), cell.limitMs ?? usualLimitMs);
  const result: CellResult = { cell, version: undefined, failure: undefined, tokenFiles: [], byHand: [], ms: 0 };
  try {
    await work(desk, cell, result);
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error);
  }
  await desk.leave();
  result.tokenFiles = [...new Set([...result.tokenFiles, ...tokenFiles(desk)])];
  result.byHand = desk.writtenByHand;
  if (result.tokenFiles.length > 0) result.failure ??= `a token stands in ${result.tokenFiles.join(", ")}`;
  result.ms = performance.now() - started;
  return result;
}

function tokenFiles(desk: Desk): string[] {
  return filesWithToken(desk.home).map((file) => relative(desk.home, file));
}

/** The name of a cell as a word of letters, digits and hyphens. */
function idOf({ name }: Pick<Cell, "name">): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
}

async function work(desk: Desk, { driver, byTouch }: Cell, result: CellResult): Promise<void> {
  desk.project(".", { ...driver.own, ".config/vouch/config.json": desk.office.settings });
  result.version = await driver.prepare(desk);
  const before = configuration(desk.home);
  if (driver.setup.length > 0) {
    const repository = ["--domain", names.domain, "--repository", names.repository];
    const role = byTouch ? ["--publish-role", publishRole.arn] : [];
    await desk.vouch("setup", "codeartifact", ...repository, ...role, "--path", "no", ...driver.setup);
  }
  const written = configuration(desk.home);
  await desk.office.login(desk.env);
  await driver.publish?.(desk);
  if (driver.publishedAt) await desk.expectPublished(driver.format, driver.publishedAt(desk));
  await driver.install?.(desk);
  // While the session lives; the search at the end sees what comes later.
  result.tokenFiles = tokenFiles(desk);
  if (driver.setup.length === 0) return;
  await desk.vouch("setup", "codeartifact", "--remove");
  for (const path of new Set([...before.keys(), ...written.keys()])) {
    const after = contentOf(join(desk.home, path));
    if (before.get(path) === written.get(path) || before.get(path) === after) continue;
    throw new Error(`--remove left ${path} other than it was: ${after ?? "it is gone"}`);
  }
}

/** Every file and link of the home folder but Vouch's own settings, and what is in it. */
function configuration(home: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of readdirSync(home, { recursive: true, encoding: "utf8" })) {
    if (path.startsWith(".config/vouch/") || path.startsWith("run/")) continue;
    const content = contentOf(join(home, path));
    if (content !== undefined) found.set(path, content);
  }
  return found;
}

/** The bytes of a file, or where a link leads; undefined where neither is there. */
function contentOf(file: string): string | undefined {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status?.isSymbolicLink()) return `-> ${readlinkSync(file)}`;
  return status?.isFile() ? readFileSync(file, "latin1") : undefined;
}
