import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf } from "../../src/server/configuration/settings.ts";
import { executable } from "../laptop.ts";
import { requires } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const packaging = join(import.meta.dir, "../../packaging");
const home = tempFolderUntil(afterAll);

mkdirSync(join(home, ".local/bin"), { recursive: true });
symlinkSync(executable, join(home, ".local/bin/vouch"));

/** What launchd would be told, read by Python's parser of property lists. */
function readPlist(path: string): Record<string, unknown> {
  const script = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
  const { exitCode, stdout, stderr } = Bun.spawnSync(["python3", "-c", script, path]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout.toString()) as Record<string, unknown>;
}

test.skipIf(!requires("systemd-analyze"))("systemd finds nothing to say about the unit", () => {
  const unit = join(home, "vouch-agent.service");
  copyFileSync(join(packaging, "systemd/vouch-agent.service"), unit);
  const verify = ["systemd-analyze", "--user", "--man=no", "verify", unit];
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home };
  const { exitCode, stderr } = Bun.spawnSync(verify, { env });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
});

describe.skipIf(!requires("systemd-analyze"))("the unit of the server", () => {
  const unit = join(home, "vouch-server.service");
  const text = readFileSync(join(packaging, "systemd/vouch-server.service"), "utf8");
  writeFileSync(unit, text.replace("/usr/local/bin/vouch ", `${executable} `));

  test("is understood by systemd without a word", () => {
    const { exitCode, stderr } = Bun.spawnSync(["systemd-analyze", "--man=no", "verify", unit]);
    expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("exposes at most 2.0 of 10", () => {
    const security = ["systemd-analyze", "security", "--offline=true", "--no-pager"];
    // In tenths; it ends with 1 above.
    const { exitCode, stdout } = Bun.spawnSync([...security, "--threshold=20", unit]);
    expect(stdout.toString()).toContain("Overall exposure level for vouch-server.service");
    expect(exitCode).toBe(0);
    // The threshold is looked at.
    expect(Bun.spawnSync([...security, "--threshold=1", unit]).exitCode).toBe(1);
  });

  test("gives the server more time to end than its settings have by default", () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(text)![1]);
    const { "drain-time": drain, "stop-time": stop } = settingsOf({}, ["drain-time", "stop-time"], {});
    expect(seconds).toBeGreaterThan(drain + stop);
  });
});

test.skipIf(!requires("python3"))("launchd's list starts the same command", () => {
  const plist = readPlist(join(packaging, "launchd/vouch-agent.plist"));
  expect(plist["Label"]).toBe("vouch-agent");
  const [shell, flag, command] = plist["ProgramArguments"] as string[];
  expect([shell, flag]).toEqual(["/bin/sh", "-c"]);
  const { stdout } = Bun.spawnSync([shell!, flag!, command!.replace(" run", " status")], {
    env: { HOME: home, VOUCH_RUNTIME_DIR: join(home, "run") },
  });
  expect(stdout.toString()).toContain("No agent is running.");
  const unit = readFileSync(join(packaging, "systemd/vouch-agent.service"), "utf8");
  expect(command!.replace('exec "$HOME/', "").replace('"', "")).toBe(/^ExecStart=%h\/(.+)$/m.exec(unit)![1]!);
});

test.skipIf(!requires("python3"))("the macOS entitlements are those that a compiler at run time needs", () => {
  expect(readPlist(join(packaging, "macos/entitlements.plist"))).toMatchObject({
    "com.apple.security.cs.allow-jit": true,
  });
});
