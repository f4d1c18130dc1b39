import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { libraryError } from "../../../src/fido/hid/library-error.ts";
import { documentedLines } from "../../docs/states.ts";
import { executable } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";

/** The loader's words: glibc's as they came from the executable, musl's as its sources have them. */
test.each<[string, string]>([
  ["libudev.so.1: cannot open shared object file: No such file or directory", "apt install libudev1"],
  ["libstdc++.so.6: cannot open shared object file: No such file or directory", "apk add libstdc++"],
  [
    "Error loading shared library libudev.so.1: No such file or directory (needed by /tmp/.bun-1.node)",
    "apk add eudev-libs",
  ],
  [
    "Error loading shared library libgcc_s.so.1: No such file or directory (needed by /tmp/.bun-1.node)",
    "apk add libgcc",
  ],
  ["/tmp/.bun-1.node: failed to map segment from shared object", "noexec"],
  ["Error loading shared library /tmp/.bun-1.node: Operation not permitted", "noexec"],
  [
    "/$bunfs/root/HID.node: cannot open shared object file: No such file or directory",
    "must exist, have room and be writable",
  ],
])('the hint for "%s" says what to install', (reason, remedy) => {
  expect(libraryError(reason, undefined).hint).toContain(remedy);
});

/**
 * The release executable in a mount namespace of its own, where `script` may take things away: $FOLDER is an empty
 * folder, `hide LIBRARY` removes a shared library.
 */
function doctorFinding(script: string): { found: string; remedy: string } {
  using folder = tempFolder();
  for (const name of ["tmp", "overlay", "home"]) mkdirSync(join(folder.path, name));
  const prelude = `set -e
      FOLDER='${folder.path}/tmp'
      hide() {
        libraries="$(dirname "$(ldconfig -p | sed -n 's/.*libc\\.so\\.6 (libc6,x86-64.*=> //p;s/.*libc\\.so\\.6 (libc6,AArch64.*=> //p' | head -1)")"
        mount -t tmpfs none '${folder.path}/overlay'
        mkdir '${folder.path}/overlay/upper' '${folder.path}/overlay/work'
        mount -t overlay overlay -o "lowerdir=$libraries,upperdir=${folder.path}/overlay/upper,workdir=${folder.path}/overlay/work" "$libraries"
        rm -f "$libraries/$1"
      }`;
  const { stdout, stderr } = Bun.spawnSync(
    ["unshare", "--map-root-user", "--mount", "sh", "-c", `${prelude}\n${script}\nexec '${executable}' doctor --json`],
    {
      env: { PATH: process.env["PATH"], HOME: join(folder.path, "home"), VOUCH_RUNTIME_DIR: join(folder.path, "run") },
    },
  );
  const { sections } = JSON.parse(stdout.toString() || `{"error":${JSON.stringify(stderr.toString())}}`) as {
    sections: { findings: { check: string; found: string; remedy: string }[] }[];
  };
  return sections.flatMap(({ findings }) => findings).find(({ check }) => check === "security-key")!;
}

/** An unprivileged container may not make namespaces. */
const canTakeAway =
  process.platform === "linux" &&
  requires("unshare") &&
  existsSync(executable) &&
  Bun.spawnSync(["unshare", "--map-root-user", "--mount", "true"]).exitCode === 0;

describe.skipIf(!canTakeAway)("the release executable", () => {
  test("needs no libusb", () => {
    expect(doctorFinding("hide libusb-1.0.so.0").found).not.toContain("did not load");
  });

  test.each<[string, string]>([
    ["libudev is not installed", "hide libudev.so.1"],
    [
      "the folder for temporary files forbids execution",
      'mount -t tmpfs -o noexec none "$FOLDER"; export TMPDIR="$FOLDER"',
    ],
    [
      "the folder for temporary files cannot be written",
      'mount -t tmpfs -o ro none "$FOLDER"; export TMPDIR="$FOLDER"',
    ],
  ])(
    "names the cause when %s",
    (state, script) => {
      const { found, remedy } = doctorFinding(script);
      const said = [`error: ${found}`, `hint: ${remedy}`].map((line) => line.replace(/\S*\.node/u, "FILE"));
      expect(said).toEqual(documentedLines("security-keys.md", state));
    },
    60_000,
  );
});
