/** Both ends of the agent's socket ask the kernel who is there: a folder may be exchanged after it was looked at. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, chownSync } from "node:fs";
import { dirname, join } from "node:path";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { peerOf } from "../../../src/agent/wire/peer.ts";
import { routes } from "../../../src/agent/protocol.ts";
import { areTokenVariables } from "../../../src/agent/wire/checks.ts";
import { rejection } from "../../rejection.ts";
import { AgentHarness } from "../harness.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const isRoot = process.getuid!() === 0;
const program = join(import.meta.dir, "../programs/foreign.ts");

let folder: string;
beforeEach(() => (folder = tempFolderUntil(onTestFinished, "/tmp")));

test("the kernel tells user and process of the peer", async () => {
  const path = join(folder, "s");
  using listener = Bun.listen({ unix: path, socket: { data() {} } });
  const socket = await Bun.connect({ unix: path, socket: { data() {} } });
  const { fd } = socket as unknown as { fd: number };
  expect(peerOf(fd)).toEqual({ uid: process.geteuid!(), pid: process.pid });
  socket.terminate();
  expect(peerOf(-1)).toBeUndefined();
  expect(listener.unix).toBe(path);
});

describe.skipIf(!isRoot)("another user of the machine", () => {
  test("who listens in a folder that looks like ours is sent nothing", async () => {
    const path = join(folder, "agent.sock");
    chmodSync(folder, 0o777);
    await using listener = Bun.spawn([process.execPath, program, "listen", path], { stdout: "pipe" });
    const reader = listener.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("listening\n");
    chownSync(path, 0, 0);
    chmodSync(folder, 0o700);
    process.env["VOUCH_RUNTIME_DIR"] = folder;
    const failure = await rejection(askAgent(routes.environment, {}));
    expect(failure).toMatchObject({ code: "agent_untrusted", message: expect.stringContaining("another user") });
    delete process.env["VOUCH_RUNTIME_DIR"];
    listener.kill();
    expect((await reader.read()).value).toBeUndefined();
  });

  test("who connects to the agent gets no answer", async () => {
    await using harness = new AgentHarness();
    chmodSync(dirname(dirname(harness.socketPath)), 0o777);
    chmodSync(dirname(harness.socketPath), 0o777);
    chmodSync(harness.socketPath, 0o777);
    const asking = Bun.spawn([process.execPath, program, "connect", harness.socketPath]);
    expect(await asking.stdout.text()).toBe("closed\n");
  });
});

describe("of the variables that an agent may set", () => {
  test.each([
    "npm_config_//host.example/npm/my-repo/:_authToken",
    "PIP_INDEX_URL",
    "CODEARTIFACT_AUTH_TOKEN",
    "TWINE_USERNAME",
    "TWINE_PASSWORD",
    "TWINE_REPOSITORY_URL",
    "VOUCH_TOKEN_0123456789ABCDEF",
  ])("%s is allowed", (name) => expect(areTokenVariables({ PIP_INDEX_URL: "x", [name]: "x" })).toBe(true));

  test.each([
    "LD_PRELOAD",
    "PATH",
    "NODE_OPTIONS",
    "BASH_ENV",
    "npm_config_script_shell",
    "npm_config_//host.example/:_authToken\n",
    "npm_config_//host.example/:_authToken=",
    "npm_config_registry",
    "npm_config_//host.example/:cafile",
    "PIP_INDEX_URL_X",
    "X_PIP_INDEX_URL",
    "pip_index_url",
    "PIP_INDEX_URL\nLD_PRELOAD",
    "TWINE_CERT",
    "VOUCH_TOKEN_",
    "VOUCH_TOKEN_0123456789ABCDE",
    "VOUCH_TOKEN_0123456789ABCDEF0",
    "VOUCH_TOKEN_0123456789abcdef",
    "VOUCH_CONFIG",
    "GIT_SSH_COMMAND",
    "",
  ])("%j is refused", (name) => expect(areTokenVariables({ PIP_INDEX_URL: "x", [name]: "x" })).toBe(false));

  test("an empty set is allowed", () => expect(areTokenVariables({})).toBe(true));
});
