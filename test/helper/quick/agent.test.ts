/** The short way to the agent: what it takes, and what it leaves to the careful side. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { openSystem } from "../../../src/helper/quick/agent.ts";
import { AgentHarness, cargoUrl } from "../../agent/harness.ts";
import { askInShort } from "../ask-in-short.ts";
import { tempFolder } from "../../temp-folder.ts";

const request = { url: cargoUrl, format: "cargo" };

describe.skipIf(process.platform !== "linux")("with an agent that has a session", () => {
  let harness: AgentHarness;
  let folder: string;
  beforeEach(async () => {
    harness = new AgentHarness();
    await harness.login();
    folder = join(harness.socketPath, "..");
  });
  afterEach(async () => harness[Symbol.asyncDispose]());

  /** In another process, because this one is the agent and cannot answer while it asks. */
  async function ask(body: unknown, runtimeDir = folder, env: Record<string, string> = {}) {
    const program = join(import.meta.dir, "../programs/ask-in-short.ts");
    const child = Bun.spawn([process.execPath, program, routes.token, JSON.stringify(body)], {
      env: { PATH: "/usr/bin:/bin", VOUCH_RUNTIME_DIR: runtimeDir, ...env },
      stderr: "inherit",
    });
    return JSON.parse(await child.stdout.text()) as { reply?: { token: string }; status?: string };
  }

  test("the reply", async () => {
    expect((await ask(request)).reply?.token).toStartWith("my-domain-token-");
  });

  test("another answer than 200 is left as it came", async () => {
    const { reply, status } = await ask({ ...request, url: "sparse+https://other.example/" });
    expect(reply).toBeUndefined();
    expect(status).toBe("HTTP/1.1 404 ");
  });

  test("what is not ASCII is not asked", async () => {
    expect(await ask({ ...request, url: "https://m\u00fcller.example/" })).toEqual({});
  });

  test.each<[string, (folder: string) => string]>([
    ["a folder that others can enter", (at) => (chmodSync(at, 0o755), at)],
    [
      "a link to the folder",
      (at) => {
        symlinkSync(at, `${at}-link`);
        return `${at}-link`;
      },
    ],
    ["a slash at the end, behind which a link would be followed", (at) => `${at}/`],
    [
      "a link to the socket",
      (at) => {
        renameSync(join(at, "agent.sock"), join(at, "real.sock"));
        symlinkSync(join(at, "real.sock"), join(at, "agent.sock"));
        return at;
      },
    ],
    [
      "a file in the socket's place",
      (at) => {
        rmSync(join(at, "agent.sock"));
        writeFileSync(join(at, "agent.sock"), "");
        return at;
      },
    ],
    ["a path that is too long", (at) => join(at, "x".repeat(100))],
    ["a relative path", () => "run"],
    ["no folder", (at) => join(at, "missing")],
  ])("%s: nothing is asked", async (_, change) => {
    const changed = change(folder);
    expect(await ask(request, changed)).toEqual({});
    if (changed.endsWith("-link")) rmSync(changed);
  });

  test("the folder of XDG_RUNTIME_DIR, when no other is named", async () => {
    using xdg = tempFolder("/tmp");
    mkdirSync(join(xdg.path, "vouch"), { mode: 0o700 });
    renameSync(harness.socketPath, join(xdg.path, "vouch/agent.sock"));
    expect((await ask(request, "", { XDG_RUNTIME_DIR: xdg.path })).reply?.token).toStartWith("my-domain-token-");
  });
});

test("a job with an identity of its own asks no agent", () => {
  process.env["VOUCH_IDENTITY"] = "gitlab";
  expect(openSystem()).toBeUndefined();
  delete process.env["VOUCH_IDENTITY"];
});

test("nobody listens: what was spent is told", () => {
  using folder = tempFolder("/tmp");
  process.env["VOUCH_RUNTIME_DIR"] = folder.path;
  expect(askInShort(routes.token, request)).toEqual({ reply: undefined, attempt: { spentMs: 0 } });
  delete process.env["VOUCH_RUNTIME_DIR"];
});
