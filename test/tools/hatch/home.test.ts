/** The home folder that hatch sees: the user's but for `.pypirc`, made anew for each command. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { homeWith } from "../../../src/tools/hatch/home.ts";
import { tempFolder } from "../../temp-folder.ts";

let place: ReturnType<typeof tempFolder>;
let home: string;
const before = process.env["VOUCH_RUNTIME_DIR"];
beforeEach(() => {
  place = tempFolder();
  home = join(place.path, "home");
  mkdirSync(join(home, ".config"), { recursive: true });
  writeFileSync(join(home, ".pypirc"), "the user's own");
  writeFileSync(join(home, ".config/hatch"), "kept");
  process.env["VOUCH_RUNTIME_DIR"] = join(home, "run/vouch");
});
afterEach(() => {
  place[Symbol.dispose]();
  if (before === undefined) delete process.env["VOUCH_RUNTIME_DIR"];
  else process.env["VOUCH_RUNTIME_DIR"] = before;
});

test("it has links to what is in the user's, another .pypirc, and no way to the agent's folder", () => {
  mkdirSync(join(home, "run/other"), { recursive: true });
  const seen = homeWith("/proc/self/fd/7", home);
  expect(readlinkSync(join(seen, ".pypirc"))).toBe("/proc/self/fd/7");
  expect(readFileSync(join(seen, ".config/hatch"), "utf8")).toBe("kept");
  expect(readdirSync(join(seen, "run"))).toEqual(["other"]);
});

test("what another program has put into one is in none of the next, and the user's files stay when it goes", () => {
  const seen = homeWith("/proc/self/fd/7", home);
  writeFileSync(join(seen, "planted.cfg"), "planted");
  mkdirSync(join(seen, "run"), { recursive: true });
  writeFileSync(join(seen, "run/planted"), "planted");
  const again = homeWith("/proc/self/fd/7", home);
  expect(readdirSync(again).sort()).toEqual([".config", ".pypirc"]);
  expect(again).toMatch(new RegExp(`-${process.pid}-[^/-]{6}$`));
  rmSync(again, { recursive: true });
  expect(existsSync(join(home, ".config/hatch"))).toBe(true);
  expect(readFileSync(join(home, ".pypirc"), "utf8")).toBe("the user's own");
});
