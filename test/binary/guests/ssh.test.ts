/** `vouch ssh` with a real sshd: what the far side gets, and what is left of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestReply, RecordEntry } from "../../../src/agent/wire/reply-parts.ts";
import { processInfo } from "../../../src/base/process/process-info.ts";
import { until } from "../../agent/harness.ts";
import { cargoGet, ended, executable, type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { requires, requiresKeyringPip } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { myPackage, seedPackage } from "../../sandbox/packages.ts";
import { prepareSshd, type Sshd, sshdProgram } from "../../sshd.ts";
import { filesContaining } from "../disk.ts";

const hasSshd = requires(sshdProgram, "ssh", "ssh-keygen");

describe.skipIf(!hasSshd)("vouch ssh", () => {
  let laptop: Laptop;
  let far: Sshd;
  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    far = sshd("far");
  });
  afterAll(async () => laptop?.stop());

  /** A far machine, on which `vouch` is on PATH or not. */
  function sshd(name: string, ...settings: string[]): Sshd {
    const folder = join(laptop.folder, name);
    mkdirSync(folder);
    const path = name.includes("bare") ? "/usr/bin:/bin" : laptop.env["PATH"]!;
    return prepareSshd(folder, { ...laptop.sandbox.env, PATH: path, SHELL: "/bin/sh" }, ...settings);
  }

  const toFar = (command: string[], at = far, ...flags: string[]): Promise<Finished> =>
    laptop.vouch("ssh", "far", ...flags, "--", ...at.options, ...command);

  const guests = async (): Promise<GuestReply[]> =>
    (JSON.parse(await ended(laptop.vouch("guest", "list", "--json"))) as { guests: GuestReply[] }).guests;

  test("runs a command there, whose helpers get read tokens from the agent here", async () => {
    const { exitCode, stdout, stderr } = await toFar([`echo "$HOME"; vouch credential codeartifact; exit 7`]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(7);
    const [home, token] = stdout.trim().split("\n");
    expect(home).toBe(far.home);
    expect(token).toContain("vouch-sandbox-token");
  });

  test("takes everything down: no socket, no folder, no guest; and the token is in no file there", async () => {
    await toFar(["vouch credential codeartifact >/dev/null"]);
    expect(readdirSync(far.runtime)).toEqual([]);
    expect(await guests()).toEqual([]);
    expect(filesContaining(far.home, /vouch-sandbox-token/)).toEqual([]);
  });

  test("shows in the record that the far side has asked", async () => {
    await toFar(["vouch credential codeartifact >/dev/null"]);
    const lines = (await ended(laptop.vouch("log", "--json"))).trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as RecordEntry).filter(({ guest }) => guest !== undefined);
    expect(entries.at(-1)!.guest!.name).toMatch(/^ssh-far-/);
    expect(entries.at(-1)!.askers.map(({ name }) => name)).toContain("ssh");
  });

  test("serves Cargo's provider there, and refuses to publish, log in and stop", async () => {
    const ask = `printf '%s' '${cargoGet()}' | vouch --cargo-plugin`;
    expect((await toFar([ask])).stdout).toContain("vouch-sandbox-token");
    const publish = cargoGet().replace('"read"', '"publish","name":"x","vers":"1.0.0","cksum":"00"');
    expect((await toFar([`printf '%s' '${publish}' | vouch --cargo-plugin`])).stdout).toContain("no publish tokens");
    for (const command of ["vouch login --server https://vouch.example.com", "vouch agent stop", "vouch keys list"]) {
      const { exitCode, stderr } = await toFar([command]);
      expect(exitCode).toBe(5);
      expect(stderr).toContain("another machine");
    }
    expect((await toFar(["vouch credential aws"])).exitCode).toBe(5);
    expect((await toFar(["vouch credential aws"], far, "--credentials")).stdout).toContain('"AccessKeyId":');
  });

  test.skipIf(!requiresKeyringPip(process.env))(
    "lets the real pip install there, set up there by vouch itself",
    async () => {
      await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
      const place = `--domain ${names.domain} --domain-owner ${names.account} --region ${names.region}`;
      const setUp = `vouch setup codeartifact ${place} --repository ${names.repository} --tool pip`;
      const { exitCode, stdout, stderr } = await toFar([
        `${setUp} && export PATH="$HOME/.local/share/vouch/shims:$PATH" && pip download -q --no-deps ${myPackage.name} && ls`,
      ]);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout).toContain(myPackage.name.replace("-", "_"));
    },
  );

  test("has two connections at a time, each with a folder of its own", async () => {
    const both = await Promise.all([1, 2].map(() => toFar(['echo "$VOUCH_RUNTIME_DIR"; vouch status --prompt'])));
    const folders = both.map(({ stdout }) => stdout.split("\n")[0]);
    expect(new Set(folders).size).toBe(2);
    for (const { exitCode } of both) expect(exitCode).toBe(0);
  });

  /** `vouch ssh` with a command that goes on there, and that command's process. */
  async function connected(): Promise<{ child: Bun.Subprocess; command: AsyncDisposable }> {
    const child = Bun.spawn([executable, "ssh", "far", "--", ...far.options, "echo $$; exec sleep 1000"], {
      env: laptop.env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const pid = Number(Buffer.from((await child.stdout.getReader().read()).value!).toString());
    expect(readdirSync(far.runtime)).toHaveLength(1);
    expect(await guests()).toHaveLength(1);
    // Without a terminal sshd leaves the command running.
    const end = async () => {
      process.kill(pid, "SIGKILL");
      await until(() => processInfo(pid) === undefined, 60_000);
    };
    return { child, command: { [Symbol.asyncDispose]: end } };
  }

  test("that is told to end leaves nothing there", async () => {
    const { child, command } = await connected();
    await using _ = command;
    child.kill("SIGTERM");
    await child.exited;
    expect(readdirSync(far.runtime)).toEqual([]);
    expect(await guests()).toEqual([]);
  });

  test("that is killed leaves no guest, and nothing there", async () => {
    const { child, command } = await connected();
    await using _ = command;
    child.kill("SIGKILL");
    await child.exited;
    expect(await guests()).toEqual([]);
    await until(() => readdirSync(far.runtime).length === 0, 60_000);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("that gets %s before there is a session ends", async (signal) => {
    const started = join(laptop.folder, `connecting-${signal}`);
    const hangs = ["-o", `ProxyCommand=sh -c "touch ${started}; while read -r _; do :; done"`];
    const child = Bun.spawn([executable, "ssh", "far", "--", ...hangs], {
      env: laptop.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await until(() => existsSync(started));
    child.kill(signal);
    expect(await child.exited).toBe(130);
    expect(await guests()).toEqual([]);
  });

  test("leaves nothing behind where programs there keep files beside the agent's socket", async () => {
    const shim = `mkdir -p "$HOME/bin" && ln -sf ${executable} "$HOME/bin/yarn"`;
    const real = `mkdir -p "$HOME/real" && printf '#!/bin/sh\\necho 4.0.0\\n' >"$HOME/real/yarn" && chmod +x "$HOME/real/yarn"`;
    const { exitCode, stdout } = await toFar([`${shim} && ${real} && PATH="$HOME/bin:$HOME/real:$PATH" yarn install`]);
    expect({ exitCode, stdout: stdout.trim() }).toEqual({ exitCode: 0, stdout: "4.0.0" });
    expect(readdirSync(far.runtime).filter((name) => name.startsWith("vouch-ssh"))).toEqual([]);
  });

  test("says so where the other machine has no vouch, and goes on", async () => {
    const { exitCode, stdout, stderr } = await toFar(["echo there"], sshd("bare"));
    expect(stderr).toContain("far has no `vouch` on its PATH");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "there\n" });
  });

  test("says so where the other machine's sshd forwards no sockets", async () => {
    const { exitCode, stderr } = await toFar(["echo there"], sshd("closed", "AllowStreamLocalForwarding no"));
    expect(exitCode).toBe(5);
    expect(stderr).toContain("far does not forward the socket");
    expect(stderr).toContain("AllowStreamLocalForwarding");
    expect(await guests()).toEqual([]);
  });

  test("says so where there is no connection", async () => {
    const { exitCode, stderr } = await laptop.vouch("ssh", "far", "--", "-o", "ProxyCommand=false");
    expect(exitCode).toBe(6);
    expect(stderr).toContain("ssh has made no connection to far");
    expect(await guests()).toEqual([]);
  });

  test.each<[string[], string]>([
    [[], "HOST is missing"],
    [["far", "ls"], "come after `--`"],
    [["far", "--", "-N"], "ssh's -N cannot be used"],
    [["far", "--", "-p"], "ssh's -p expects a value"],
  ])("%j says what is wrong", async (args, message) => {
    const { exitCode, stderr } = await laptop.vouch("ssh", ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test("without a session says where to log in", async () => {
    await ended(laptop.vouch("logout"));
    const { exitCode, stderr } = await toFar(["vouch credential codeartifact"]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("gets tokens once you run `vouch login` here");
    expect(stderr).toMatch(/another machine, .* There: Run `vouch login`/);
    await until(() => existsSync(join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock")));
    expect(readFileSync(join(laptop.folder, "far/sshd.log"), "utf8")).toContain("Accepted publickey");
  });
});
