import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAgentFolder } from "../../src/agent/folder.ts";
import { lstat } from "../../src/agent/client.ts";
import { agentFolder, agentSocketPath, checkAgentFolder, findAgentSocket } from "../../src/agent/socket.ts";
import { rejection } from "../rejection.ts";

const uid = process.getuid!();
const nobody = 65534;

let root: string;
beforeEach(() => (root = mkdtempSync("/tmp/vouch-test-")));
afterEach(() => rmSync(root, { recursive: true }));

describe("where the folder is", () => {
  test.each([
    [{ VOUCH_RUNTIME_DIR: "/own/place/", XDG_RUNTIME_DIR: "/xdg" }, "/own/place"],
    [{ VOUCH_RUNTIME_DIR: "relative", XDG_RUNTIME_DIR: "/xdg" }, "/xdg/vouch"],
    [{ XDG_RUNTIME_DIR: "/xdg/" }, "/xdg/vouch"],
  ])("%j → %s", async (env, expected) => expect(agentFolder(lstat, env)).toBe(expected));

  test.each([
    [{}, `/tmp/vouch-${uid}`],
    [{ TMPDIR: "/var/tmp/mine/", XDG_RUNTIME_DIR: "relative" }, `/var/tmp/mine/vouch-${uid}`],
  ])("%j: in the user's folder of the system, else %s", async (env, temporary) => {
    expect([`/run/user/${uid}/vouch`, temporary]).toContain(agentFolder(lstat, env));
  });

  test("a path that no socket can have is named", async () => {
    const failure = await rejection(() => agentSocketPath(lstat, { VOUCH_RUNTIME_DIR: `/${"a".repeat(120)}` }));
    expect(failure.message).toMatch(/too long: expected at most \d+ bytes, got 132/);
  });
});

describe("whom the folder belongs to", () => {
  test("it is made with mode 700, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      createAgentFolder(join(root, "a/b"));
    } finally {
      process.umask(before);
    }
    expect(checkAgentFolder(lstat, join(root, "a/b"))).toBe(true);
  });

  test("it is missing: no socket is found", async () => {
    expect(checkAgentFolder(lstat, join(root, "none"))).toBe(false);
    expect(findAgentSocket(lstat, { VOUCH_RUNTIME_DIR: join(root, "none/deeper") })).toBeUndefined();
  });

  test.each([0o701, 0o710, 0o704, 0o770, 0o755, 0o777])("mode %p is refused", async (mode) => {
    const failure = await rejection(() => checkAgentFolder(lstat, folderWith(mode)));
    expect(failure).toMatchObject({ code: "agent_untrusted", hint: `Run \`chmod 700 ${join(root, "folder")}\`.` });
    expect(failure.message).toContain(`expected mode 700, got ${mode.toString(8)}`);
  });

  test("a file is refused", async () => {
    writeFileSync(join(root, "file"), "");
    expect((await rejection(() => createAgentFolder(join(root, "file")))).message).toContain("it is not a directory");
  });

  test.skipIf(uid !== 0)("another user's is refused", async () => {
    const folder = folderWith(0o700);
    chownSync(folder, nobody, nobody);
    expect((await rejection(() => checkAgentFolder(lstat, folder))).message).toContain(
      `expected owner 0, got ${nobody}`,
    );
  });
});

describe("a symbolic link to a folder that would do", () => {
  test.each([
    ["others may write", 0o777],
    ["others may write, but not remove", 0o1777],
    ["the group may write", 0o770],
  ])("in a folder where %s: nobody asks there", async (_, mode) => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    chmodSync(root, mode);
    expect((await rejection(() => checkAgentFolder(lstat, join(root, "link")))).message).toContain(
      "it is not a directory",
    );
  });

  test.skipIf(uid !== 0)("in a folder of another user: nobody asks there", async () => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    chownSync(root, nobody, nobody);
    expect((await rejection(() => checkAgentFolder(lstat, join(root, "link")))).message).toContain(
      "it is not a directory",
    );
  });

  test("in a folder of the user's own: the agent does not listen there", async () => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    expect((await rejection(() => createAgentFolder(join(root, "link")))).message).toContain("it is not a directory");
  });

  test("to nowhere: it is not followed", async () => {
    symlinkSync(join(root, "elsewhere"), join(root, "link"));
    expect((await rejection(() => createAgentFolder(join(root, "link")))).code).toBe("agent_untrusted");
  });
});

describe("the socket", () => {
  test("another user's is refused, and what is no socket", async () => {
    const folder = folderWith(0o700);
    const path = join(folder, "agent.sock");
    const env = { VOUCH_RUNTIME_DIR: folder };
    expect(findAgentSocket(lstat, env)).toBeUndefined();
    writeFileSync(path, "");
    expect((await rejection(() => findAgentSocket(lstat, env))).message).toContain("it is not a socket");
    rmSync(path);
    const listener = Bun.listen({ unix: path, socket: { data() {} } });
    expect(findAgentSocket(lstat, env)).toBe(path);
    if (uid === 0) {
      chownSync(path, nobody, nobody);
      expect((await rejection(() => findAgentSocket(lstat, env))).message).toContain(`expected owner 0, got ${nobody}`);
    }
    listener.stop(true);
  });
});

function folderWith(mode: number): string {
  const folder = join(root, "folder");
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}
