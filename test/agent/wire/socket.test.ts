import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAgentFolder, createStateFolder } from "../../../src/agent/process/folder.ts";
import { lstat } from "../../../src/agent/wire/client.ts";
import {
  agentFolder,
  agentSocketPath,
  checkAgentFolder,
  findAgentSocket,
  stateFolder,
} from "../../../src/agent/wire/socket.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const uid = process.getuid!();
const nobody = 65534;

let root: string;
beforeEach(() => (root = tempFolderUntil(onTestFinished, "/tmp")));

/** lstat(2) of a system with these folders: mode (with the type) and owner of each. */
function system(folders: Record<string, [mode: number, owner: number]>) {
  return (path: string) => {
    const [mode, owner] = folders[path] ?? [];
    return mode === undefined || owner === undefined ? undefined : { mode, uid: owner };
  };
}

describe("the folder of the agent's socket", () => {
  const run = `/run/user/${uid}`;
  const [directory, link, other] = [0o040700, 0o120777, uid + 1];
  const xdg = { XDG_RUNTIME_DIR: "/xdg", HOME: "/home/me", TMPDIR: "/var/tmp/mine" };

  test.each<[string, Record<string, string>, Parameters<typeof system>[0], string]>([
    ["the own variable", { VOUCH_RUNTIME_DIR: "/own/place/", ...xdg }, { "/xdg": [directory, uid] }, "/own/place"],
    ["relative", { ...xdg, VOUCH_RUNTIME_DIR: "here" }, { "/xdg": [directory, uid] }, "/xdg/vouch"],
    ["a slash at the end", { XDG_RUNTIME_DIR: "/xdg/" }, { "/xdg": [directory, uid] }, "/xdg/vouch"],
    ["XDG's is not absolute", { XDG_RUNTIME_DIR: "xdg" }, { [run]: [directory, uid] }, `${run}/vouch`],
    ["XDG's is another user's", xdg, { "/xdg": [directory, other], [run]: [directory, uid] }, `${run}/vouch`],
    ["others can enter XDG's", xdg, { "/xdg": [0o040711, uid], [run]: [directory, uid] }, `${run}/vouch`],
    ["others can read XDG's", xdg, { "/xdg": [0o040755, uid], [run]: [directory, uid] }, `${run}/vouch`],
    ["XDG's is a link", xdg, { "/xdg": [link, uid], [run]: [directory, uid] }, `${run}/vouch`],
    ["XDG's is a file", xdg, { "/xdg": [0o100700, uid], [run]: [directory, uid] }, `${run}/vouch`],
    ["XDG's is missing", xdg, { [run]: [directory, uid] }, `${run}/vouch`],
    ["no variable", {}, { [run]: [directory, uid] }, `${run}/vouch`],
    ["the system's is another user's", { HOME: "/home/me" }, { [run]: [directory, other] }, `/tmp/vouch-${uid}`],
    ["none but the home", xdg, { "/home/me": [0o040755, uid] }, "/home/me/.local/state/vouch/run"],
    ["the home is another user's", xdg, { "/home/me": [0o040755, other] }, `/tmp/vouch-${uid}`],
    ["the home is missing", xdg, {}, `/tmp/vouch-${uid}`],
    [
      "a home that is too long",
      { HOME: `/${"h".repeat(90)}` },
      { [`/${"h".repeat(90)}`]: [directory, uid] },
      `/tmp/vouch-${uid}`,
    ],
  ])("is found in the environment: %s", (_, env, folders, expected) =>
    expect(agentFolder(system(folders), env)).toBe(expected),
  );

  const guests = "/run/vouch";
  test.each<[string, Parameters<typeof system>[0], string]>([
    ["an agent's", { [guests]: [directory, uid], "/xdg": [directory, uid] }, guests],
    ["none", { "/xdg": [directory, uid] }, guests],
    ["a marked guest's", { [guests]: [directory, uid], [`${guests}/guest.lock`]: [0o100600, uid] }, "/tmp/vouch-"],
    ["a guest's that others may enter", { [guests]: [0o040711, uid], "/xdg": [directory, uid] }, "/xdg/vouch"],
    ["another user's", { [guests]: [0o040711, other], "/xdg": [directory, uid] }, "/xdg/vouch"],
  ])("is where programs leave their files, unless it is a guest's: %s", (_, folders, expected) =>
    expect(stateFolder(system(folders), { ...xdg, VOUCH_RUNTIME_DIR: guests })).toStartWith(expected),
  );

  test("is searched beyond places that cannot be looked at", () => {
    const forbidden = (path: string) => {
      if (path === "/xdg") throw new Error("EACCES");
      return undefined;
    };
    expect(agentFolder(forbidden, xdg)).toBe(`/tmp/vouch-${uid}`);
  });

  test("is named where its path is too long for a socket", async () => {
    const failure = await rejection(() => agentSocketPath(lstat, { VOUCH_RUNTIME_DIR: `/${"a".repeat(120)}` }));
    expect(failure.message).toMatch(/too long: expected at most \d+ bytes, got 132/);
  });
});

describe("the folder of the agent's socket belongs to the user alone:", () => {
  test("it is created with mode 700, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      createAgentFolder(join(root, "a/b"));
    } finally {
      process.umask(before);
    }
    expect(checkAgentFolder(lstat, join(root, "a/b"))).toBe(true);
  });

  test("where it is missing, no socket is found", async () => {
    expect(checkAgentFolder(lstat, join(root, "none"))).toBe(false);
    expect(findAgentSocket(lstat, { VOUCH_RUNTIME_DIR: join(root, "none/deeper") })).toBeUndefined();
  });

  test.each([0o701, 0o710, 0o704, 0o770, 0o755, 0o777])("mode %p is refused", async (mode) => {
    const failure = await rejection(() => checkAgentFolder(lstat, folderWith(mode)));
    expect(failure).toMatchObject({ code: "agent_untrusted", hint: `Run \`chmod 700 ${join(root, "folder")}\`.` });
    expect(failure.message).toContain(`expected mode 700, got ${mode.toString(8)}`);
  });

  test("a file in its place is refused", async () => {
    writeFileSync(join(root, "file"), "");
    expect((await rejection(() => createAgentFolder(join(root, "file")))).message).toContain("it is not a directory");
  });

  test.skipIf(uid !== 0)("one of another user is refused", async () => {
    const folder = folderWith(0o700);
    chownSync(folder, nobody, nobody);
    expect((await rejection(() => checkAgentFolder(lstat, folder))).message).toContain(
      `expected owner 0, got ${nobody}`,
    );
  });
});

describe("the folder of what programs leave", () => {
  test("that cannot be created is named in words of ours", async () => {
    writeFileSync(join(root, "file"), "");
    const env = { VOUCH_RUNTIME_DIR: join(root, "file/run") };
    expect((await rejection(() => createStateFolder(env))).message).toBe(
      `The agent's folder ${join(root, "file/run")} cannot be created: a part of its path is not a folder.`,
    );
  });

  const temporary = `/tmp/vouch-${uid}`;
  const hasRuntimeFolder = agentFolder(lstat, { HOME: "/nonexistent" }) !== temporary;
  test.skipIf(hasRuntimeFolder)("is in /tmp where the home folder takes none, also in a guest", () => {
    const wasThere = existsSync(temporary);
    writeFileSync(join(root, ".local"), "");
    const guests = join(root, "guests");
    mkdirSync(guests);
    writeFileSync(join(guests, "guest.lock"), "");
    expect(createStateFolder({ HOME: root })).toBe(temporary);
    expect(createStateFolder({ HOME: root, VOUCH_RUNTIME_DIR: guests })).toBe(temporary);
    expect(checkAgentFolder(lstat, temporary)).toBe(true);
    if (!wasThere) rmdirSync(temporary);
  });
});

describe("a symbolic link to a suitable folder for the agent's socket", () => {
  test.each([
    ["others may write", 0o777],
    ["others may write, but not remove", 0o1777],
    ["the group may write", 0o770],
  ])("is not followed by a client in a folder where %s", async (_, mode) => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    chmodSync(root, mode);
    expect((await rejection(() => checkAgentFolder(lstat, join(root, "link")))).message).toContain(
      "it is not a directory",
    );
  });

  test.skipIf(uid !== 0)("is not followed by a client in a folder of another user", async () => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    chownSync(root, nobody, nobody);
    expect((await rejection(() => checkAgentFolder(lstat, join(root, "link")))).message).toContain(
      "it is not a directory",
    );
  });

  test("is not followed by the agent in a folder of the user's own", async () => {
    symlinkSync(folderWith(0o700), join(root, "link"));
    expect((await rejection(() => createAgentFolder(join(root, "link")))).message).toContain("it is not a directory");
  });

  test("is not followed to nowhere", async () => {
    symlinkSync(join(root, "elsewhere"), join(root, "link"));
    expect((await rejection(() => createAgentFolder(join(root, "link")))).code).toBe("agent_untrusted");
  });
});

describe("the agent's socket", () => {
  test("is refused when it is another user's, or no socket", async () => {
    const folder = folderWith(0o700);
    const path = join(folder, "agent.sock");
    const env = { VOUCH_RUNTIME_DIR: folder };
    expect(findAgentSocket(lstat, env)).toBeUndefined();
    writeFileSync(path, "");
    expect((await rejection(() => findAgentSocket(lstat, env))).message).toContain("it is not a socket");
    rmSync(path);
    const listener = Bun.listen({ unix: path, socket: { data() {} } });
    expect(findAgentSocket(lstat, env)).toEqual({ path, owner: uid });
    if (uid === 0) {
      chownSync(path, nobody, nobody);
      expect((await rejection(() => findAgentSocket(lstat, env))).message).toContain(`expected owner 0, got ${nobody}`);
    }
    listener.stop(true);
  });
});

describe("a folder that VOUCH_RUNTIME_DIR names, and that is another user's,", () => {
  const [directory, socket, link, other] = [0o040711, 0o140666, 0o120777, uid + 1];
  const env = { VOUCH_RUNTIME_DIR: "/run/box" };
  const safe: Record<string, [mode: number, owner: number]> = {
    "/": [0o040755, 0],
    "/run": [0o040755, 0],
    "/run/box": [directory, other],
    "/run/box/agent.sock": [socket, other],
  };

  test.each<[string, Parameters<typeof system>[0]]>([
    ["in folders of root", {}],
    ["in a folder of this user", { "/run": [0o040700, uid] }],
    ["that all may read", { "/run/box": [0o040755, other] }],
    ["below a sticky folder, in one of this user", { "/": [0o041777, 0], "/run": [0o040755, uid] }],
  ])("is trusted where only root or this user can have put it: %s", (_, change) =>
    expect(findAgentSocket(system({ ...safe, ...change }), env)).toEqual({ path: "/run/box/agent.sock", owner: other }),
  );

  test.each<[string, Parameters<typeof system>[0], RegExp]>([
    ["its group may write to it", { "/run/box": [0o040730, other] }, /others may write to it/],
    ["all may write to it", { "/run/box": [0o041777, other] }, /others may write to it/],
    ["all may write to the one above", { "/run": [0o040777, 0] }, /decide what is at \/run\./],
    ["the one above is sticky, as /tmp is", { "/run": [0o041777, 0] }, /decide what is at \/run\./],
    ["the one above is its owner's", { "/run": [0o040755, other] }, /decide what is at \/run\./],
    ["the one above is a third user's", { "/run": [0o040755, uid + 2] }, /decide what is at \/run\./],
    ["the one above is a link", { "/run": [link, 0] }, /decide what is at \/run\./],
    ["all may write far above", { "/": [0o040777, 0] }, /decide what is at \/\./],
    ["it is a link", { "/run/box": [link, other] }, /it is not a directory/],
    ["the socket is a third user's", { "/run/box/agent.sock": [socket, uid + 2] }, /expected owner/],
    ["the socket is this user's", { "/run/box/agent.sock": [socket, uid] }, /expected owner/],
    ["the socket is a file", { "/run/box/agent.sock": [0o100666, other] }, /it is not a socket/],
  ])("is refused where %s", async (_, change, why) => {
    const failure = await rejection(() => findAgentSocket(system({ ...safe, ...change }), env));
    expect(failure).toMatchObject({ code: "agent_untrusted", message: expect.stringMatching(why) });
  });

  test("is refused where no variable names it", async () => {
    const own = { XDG_RUNTIME_DIR: "/xdg" };
    const folders = { ...safe, "/xdg": [0o040700, uid] as [number, number], "/xdg/vouch": safe["/run/box"]! };
    expect((await rejection(() => findAgentSocket(system(folders), own))).message).toContain(`expected owner ${uid}`);
  });

  test("may be this user's, with the mode of a guest's folder, but with no other that lets others in", async () => {
    const own = (mode: number) => system({ "/run/box": [0o040000 | mode, uid], "/run/box/agent.sock": [socket, uid] });
    expect(findAgentSocket(own(0o711), env)).toEqual({ path: "/run/box/agent.sock", owner: uid });
    for (const mode of [0o755, 0o710, 0o731, 0o1711 | 0o022]) {
      expect((await rejection(() => findAgentSocket(own(mode), env))).message).toContain("expected mode 700");
    }
  });
});

function folderWith(mode: number): string {
  const folder = join(root, "folder");
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}
