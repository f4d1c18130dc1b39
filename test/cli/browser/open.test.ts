/** Which program opens a page, where somebody would see it. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { browserOpener } from "../../../src/cli/browser/open.ts";
import { tempFolder } from "../../temp-folder.ts";

const display = { DISPLAY: ":0" };

test.each<[string, string[], string, Record<string, string>, string | undefined]>([
  ["xdg-open on a display", ["xdg-open"], "linux", display, "xdg-open"],
  ["xdg-open on Wayland", ["xdg-open"], "linux", { WAYLAND_DISPLAY: "wayland-0" }, "xdg-open"],
  ["nothing without a display", ["xdg-open"], "linux", {}, undefined],
  ["nothing by ssh, whose display is elsewhere", ["xdg-open"], "linux", { ...display, SSH_CONNECTION: "x" }, undefined],
  ["nothing without xdg-open", [], "linux", display, undefined],
  ["wslview in WSL, without a display", ["wslview", "xdg-open"], "linux", {}, "wslview"],
  ["open on a Mac", ["open", "xdg-open"], "darwin", {}, "open"],
  ["nothing on a Mac by ssh", ["open"], "darwin", { SSH_CONNECTION: "x" }, undefined],
])("%s", (_name, programs, platform, env, opener) => {
  using folder = tempFolder();
  const bin = join(folder.path, "bin");
  mkdirSync(bin);
  for (const program of programs) {
    writeFileSync(join(bin, program), "#!/bin/sh\n");
    chmodSync(join(bin, program), 0o755);
  }
  const found = browserOpener({ ...env, PATH: `.:${bin}:` }, platform);
  expect(found).toBe(opener === undefined ? undefined : join(bin, opener));
});
