import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  agentFolder,
  agentSocketPath,
  checkAgentFolder,
  createAgentFolder,
  findAgentSocket,
} from "../../src/agent/socket.ts";
import { VouchError } from "../../src/errors.ts";

const uid = process.getuid!();
let root: string;
beforeEach(() => (root = mkdtempSync("/tmp/vouch-test-")));
afterEach(() => rmSync(root, { recursive: true }));

describe("the agent's folder", () => {
  test.each([
    [{ VOUCH_RUNTIME_DIR: "/own/place", XDG_RUNTIME_DIR: "/xdg" }, "/own/place"],
    [{ VOUCH_RUNTIME_DIR: "relative", XDG_RUNTIME_DIR: "/xdg" }, "/xdg/vouch"],
    [{ XDG_RUNTIME_DIR: "/xdg" }, "/xdg/vouch"],
  ])("%p → %p", (env, expected) => expect(agentFolder(env)).toBe(expected));

  test.each([
    [{}, `/tmp/vouch-${uid}`],
    [{ TMPDIR: "/var/tmp/mine/", XDG_RUNTIME_DIR: "relative" }, `/var/tmp/mine/vouch-${uid}`],
  ])("without the variables, %p: the user's folder of the system, else %p", (env, temporary) => {
    expect([`/run/user/${uid}/vouch`, temporary]).toContain(agentFolder(env));
  });

  test("is made with mode 700, whatever the umask", () => {
    const before = process.umask(0);
    try {
      createAgentFolder(join(root, "a/b"));
    } finally {
      process.umask(before);
    }
    expect(checkAgentFolder(join(root, "a/b"))).toBe(true);
  });

  test("is missing: false, and no socket is found", () => {
    expect(checkAgentFolder(join(root, "none"))).toBe(false);
    expect(findAgentSocket({ VOUCH_RUNTIME_DIR: join(root, "none") })).toBeUndefined();
  });

  test.each([0o701, 0o710, 0o704, 0o770, 0o755, 0o777])("mode %o is refused", (mode) => {
    const folder = folderWith(mode);
    expect(() => checkAgentFolder(folder)).toThrow(`expected mode 700, got ${mode.toString(8)}`);
  });

  test("a symbolic link is refused, also to a folder that would do", () => {
    const folder = folderWith(0o700);
    symlinkSync(folder, join(root, "link"));
    expect(() => checkAgentFolder(join(root, "link"))).toThrow("it is not a directory");
    expect(() => createAgentFolder(join(root, "link"))).toThrow("it is not a directory");
  });

  test("a dangling symbolic link is refused, not followed", () => {
    symlinkSync(join(root, "elsewhere"), join(root, "link"));
    expect(() => createAgentFolder(join(root, "link"))).toThrow(VouchError);
  });

  test("a file is refused", () => {
    writeFileSync(join(root, "file"), "");
    expect(() => createAgentFolder(join(root, "file"))).toThrow("it is not a directory");
  });

  test.skipIf(uid !== 0)("another user's is refused", () => {
    const folder = folderWith(0o700);
    chownSync(folder, 65534, 65534);
    expect(() => checkAgentFolder(folder)).toThrow(`expected owner 0, got 65534`);
  });
});

describe("the socket", () => {
  test("another user's is refused, and what is no socket", async () => {
    const folder = folderWith(0o700);
    const env = { VOUCH_RUNTIME_DIR: folder };
    expect(findAgentSocket(env)).toBeUndefined();
    writeFileSync(join(folder, "agent.sock"), "");
    expect(() => findAgentSocket(env)).toThrow("it is not a socket");
    rmSync(join(folder, "agent.sock"));
    const listener = Bun.listen({ unix: join(folder, "agent.sock"), socket: { data() {} } });
    expect(findAgentSocket(env)).toBe(join(folder, "agent.sock"));
    if (uid === 0) {
      chownSync(join(folder, "agent.sock"), 65534, 65534);
      expect(() => findAgentSocket(env)).toThrow("expected owner 0, got 65534");
    }
    listener.stop(true);
  });

  test("a path that no socket can have is named", () => {
    const env = { VOUCH_RUNTIME_DIR: `/${"a".repeat(120)}` };
    expect(() => agentSocketPath(env)).toThrow(/too long: expected at most \d+ bytes, got 132/);
  });
});

function folderWith(mode: number): string {
  const folder = join(root, "folder");
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}
