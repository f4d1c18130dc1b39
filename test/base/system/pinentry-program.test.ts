import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPinentry, gpgTty } from "../../../src/base/system/pinentry-program.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

let home: string;
let env: Record<string, string>;
beforeEach(() => {
  home = tempFolderUntil(onTestFinished);
  for (const folder of [".gnupg", "bin", "programs"]) mkdirSync(join(home, folder));
  program("bin/pinentry");
  env = { HOME: home, PATH: join(home, "bin"), DISPLAY: ":0" };
});

function program(path: string): string {
  writeFileSync(join(home, path), "#!/bin/sh\n");
  chmodSync(join(home, path), 0o755);
  return join(home, path);
}

const configure = (text: string, folder = ".gnupg") => writeFileSync(join(home, folder, "gpg-agent.conf"), text);
const found = (more: Record<string, string | undefined> = {}) => findPinentry({ ...env, ...more });

test("the pinentry on PATH is taken", () => {
  expect(found()).toEqual({ file: join(home, "bin/pinentry"), grabs: false });
});

test.each([".", "", "bin"])("a relative entry of PATH (%j) is passed over", (entry) => {
  expect(found({ PATH: `${entry}:/nonexistent` })).toBeUndefined();
});

describe("gpg-agent.conf", () => {
  test.each([
    ["names it", "pinentry-program HOME/programs/own\n", "programs/own"],
    ["names it in the home folder", "pinentry-program ~/programs/own\n", "programs/own"],
    [
      "names it in quotes, behind blanks and comments",
      '# mine\n\n  pinentry-program   "HOME/programs/own"  \n',
      "programs/own",
    ],
    [
      "names it twice: the last one counts",
      "pinentry-program /x\npinentry-program HOME/programs/own\n",
      "programs/own",
    ],
    ["has a comment only", "#pinentry-program HOME/programs/own\n", "bin/pinentry"],
    ["has other options", "default-cache-ttl 60\nenable-ssh-support\n", "bin/pinentry"],
  ])("%s", (_, text, expected) => {
    program("programs/own");
    configure(text.replaceAll("HOME", home));
    expect(found()?.file).toBe(join(home, expected));
  });

  test.each(["own", "./own", "programs/own", "/nonexistent/pinentry", "HOME/programs", "HOME/programs/plain"])(
    "names %s, which is no program: no other one is taken",
    (path) => {
      writeFileSync(join(home, "programs/plain"), "");
      configure(`pinentry-program ${path.replace("HOME", home)}\n`);
      expect(found()).toBeUndefined();
    },
  );

  test("is looked for in GNUPGHOME, unless that is relative", () => {
    const own = program("programs/own");
    configure(`pinentry-program ${own}\n`, "programs");
    expect(found({ GNUPGHOME: join(home, "programs") })?.file).toBe(own);
    expect(found({ GNUPGHOME: "programs" })?.file).toBe(join(home, "bin/pinentry"));
  });

  test("decides whether the keyboard is grabbed", () => {
    configure("grab\n");
    expect(found()?.grabs).toBe(true);
    configure("grab\nno-grab\n");
    expect(found()?.grabs).toBe(false);
  });

  test("that cannot be read is as none", () => {
    mkdirSync(join(home, ".gnupg/gpg-agent.conf"));
    expect(found()?.file).toBe(join(home, "bin/pinentry"));
  });
});

describe.skipIf(process.platform === "darwin")("without a place to ask, none is found", () => {
  test.each([
    ["no display and no terminal", {}],
    ["an empty DISPLAY", { DISPLAY: "" }],
    ["a GPG_TTY that is no device", { GPG_TTY: "/dev/../etc/passwd" }],
    ["a GPG_TTY outside /dev", { GPG_TTY: "/tmp" }],
    ["CI", { DISPLAY: ":0", CI: "true" }],
    ["Azure Pipelines", { DISPLAY: ":0", TF_BUILD: "True" }],
    ["a job's identity", { DISPLAY: ":0", VOUCH_IDENTITY: "github" }],
  ])("%s", (_, more) => {
    expect(found({ DISPLAY: undefined, ...more })).toBeUndefined();
  });

  test.each([{ DISPLAY: ":0" }, { WAYLAND_DISPLAY: "wayland-0" }, { DISPLAY: ":0", CI: "false" }])(
    "with %j one is",
    (more) => {
      expect(found({ DISPLAY: undefined, ...more })).toBeDefined();
    },
  );
});

test("GPG_TTY is taken only if it is a device of this user", () => {
  const link = join(home, "tty");
  symlinkSync("/dev/null", link);
  expect(gpgTty({ GPG_TTY: "/dev/null" })).toBe(process.geteuid?.() === 0 ? "/dev/null" : undefined);
  expect(gpgTty({ GPG_TTY: link })).toBeUndefined();
  expect(gpgTty({ GPG_TTY: "/dev/null\nOPTION x" })).toBeUndefined();
  expect(gpgTty({})).toBeUndefined();
});
