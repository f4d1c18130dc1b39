/** Commands that need a session and have none ask for it, or wait for it, with the compiled executable on a terminal. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import { cargoGet, ended, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { type Person, runInTerminal } from "../../pty.ts";
import { requires } from "../../requires.ts";

let laptop: Laptop;
const limitMs = 60_000;
beforeAll(async () => {
  laptop = await startLaptop({ executable: sandboxExecutable });
  await laptop.getReady("--tool", "cargo,npm,pip");
});
afterAll(async () => laptop?.stop());
beforeEach(async () => {
  await setPrompt("terminal");
  laptop.key.settings.touch = "auto";
  await laptop.vouch("logout");
});

const setPrompt = (prompt: string) => ended(laptop.vouch("setup", "login", "--prompt", prompt));
const loggedIn = async () => (await laptop.vouch("status")).exitCode === 0;

/** Runs a shell's script on a terminal; what the script writes to `out` stands in the result. */
async function onTerminal(script: string, play: (at: Person) => Promise<void>, env: Record<string, string> = {}) {
  const out = join(laptop.cwd, "out");
  rmSync(out, { force: true });
  const options = { cwd: laptop.cwd, env: { ...laptop.env, ...env }, timeoutMs: limitMs };
  const run = await runInTerminal(["sh", "-c", script], options, play);
  return { ...run, out: existsSync(out) ? readFileSync(out, "utf8") : "" };
}

async function givePin({ see, type }: Person): Promise<void> {
  await see("PIN of your security key");
  type(`${person.pin}\r`);
}
const nobody = async () => {};
const times = (text: string, part: string) => text.split(part).length - 1;

describe("a command that needs a session", () => {
  test("asks for PIN and touch before it starts anything, and goes on; its output stays clean", async () => {
    const run = await onTerminal("vouch exec -- sh -c 'echo started >/dev/tty; echo output' >out", async (at) => {
      await at.see("Not logged in at https://vouch.example.com. sh goes on after PIN and touch; Ctrl-C stops it.");
      await givePin(at);
      await at.see("Touch your security key");
      await at.see("Logged in as dev@example.com");
      await at.see("started");
    });
    expect(run).toMatchObject({ exitCode: 0, restored: true, out: "output\n" });
    expect(run.screen).not.toContain(person.pin);
  });

  test("asks for nothing when there is a session", async () => {
    await laptop.login();
    const run = await onTerminal("vouch exec -- echo output >out", nobody);
    expect(run).toMatchObject({ exitCode: 0, screen: "", out: "output\n" });
  });

  test("starts the agent when none runs", async () => {
    await laptop.vouch("agent", "stop");
    expect(await onTerminal("vouch exec -- echo output >out", givePin)).toMatchObject({ exitCode: 0, out: "output\n" });
  });

  test("is not started when the person presses Ctrl-C, at the PIN and at the touch", async () => {
    const atPin = await onTerminal("vouch exec -- touch out", async ({ see, type }) => {
      await see("PIN of your security key");
      type("\x03");
    });
    expect(atPin).toMatchObject({ exitCode: 130, restored: true });
    laptop.key.settings.touch = "withheld";
    const atTouch = await onTerminal("vouch exec -- touch out; exit $?", async (at) => {
      await givePin(at);
      await at.see("Touch your security key");
      await until(() => laptop.key.ctap2.touch.isAwaited, limitMs);
      at.type("\x03");
    });
    expect(atTouch.screen).toContain("Cancelled.");
    expect(existsSync(join(laptop.cwd, "out"))).toBe(false);
    await until(() => !laptop.key.ctap2.touch.isAwaited, limitMs);
  });

  test.skipIf(!requires("npm"))("is npm behind its shim, too", async () => {
    const run = await onTerminal("npm view no-such-package >out", async (at) => {
      await at.see("npm goes on after PIN and touch");
      await givePin(at);
    });
    expect(run.screen).toContain("E404");
    expect(await loggedIn()).toBe(true);
  });

  test.skipIf(!requires("npm"))("is not npm where it asks no registry", async () => {
    expect(await onTerminal("npm prefix >out", nobody)).toMatchObject({ exitCode: 0, screen: "" });
  });

  test.skipIf(!requires("pip"))("is pip behind its shim, too", async () => {
    const run = await onTerminal("pip download --no-deps no-such-package >out", async (at) => {
      await at.see("pip goes on after PIN and touch");
      await givePin(at);
    });
    expect(run.screen).toContain("no-such-package");
    expect(await loggedIn()).toBe(true);
  });
});

describe("nobody is asked, and the error is as ever,", () => {
  test.each([
    ["where stdin is no terminal", "vouch exec -- touch out </dev/null", {}],
    ["where stderr is no terminal", "vouch exec -- touch out 2>err; code=$?; cat err; exit $code", {}],
    ["in the background", "set -m; vouch exec -- touch out & wait $!", {}],
    ["in CI", "vouch exec -- touch out", { CI: "true" }],
    ["without a terminal", "setsid -w vouch exec -- touch out", { DISPLAY: "" }],
  ])("%s", async (_, script, env) => {
    const run = await onTerminal(script, nobody, env);
    expect(run.screen).toContain("Run `vouch login`");
    expect(run.screen).not.toContain("PIN");
    expect(run.exitCode).toBe(4);
    expect(existsSync(join(laptop.cwd, "out"))).toBe(false);
  });

  test("with login.prompt=never", async () => {
    await setPrompt("never");
    const run = await onTerminal("vouch exec -- touch out", nobody);
    expect(run.exitCode).toBe(4);
    expect(run.screen).not.toContain("PIN");
  });
});

describe("many at once", () => {
  /** In the foreground, with the terminal as stdin, as a shell without job control starts them. */
  const four = [
    "exec 3<&0",
    "pids=",
    'for i in 1 2 3 4; do vouch exec -- sh -c "echo ran >>out" <&3 & pids="$pids $!"; done',
    "codes=",
    'for pid in $pids; do wait $pid; codes="$codes $?"; done',
    "echo codes:$codes",
  ].join("; ");

  test("ask once, and all go on", async () => {
    const run = await onTerminal(four, async (at) => {
      for (let waiting = 0; waiting < 3; waiting++) await at.see("Another command asks for PIN and touch already.");
      await until(() => !at.echoes(), limitMs);
      at.type(`${person.pin}\r`);
    });
    expect(run.screen).toContain("codes: 0 0 0 0");
    expect(times(run.screen, "PIN of your security key")).toBe(1);
    expect(run.out).toBe("ran\n".repeat(4));
  });

  test("are all refused by one Ctrl-C", async () => {
    const run = await onTerminal(four, async (at) => {
      for (let waiting = 0; waiting < 3; waiting++) await at.see("Another command asks for PIN and touch already.");
      await until(() => !at.echoes(), limitMs);
      at.type("\x03");
    });
    expect(run.screen).toContain("codes: 130 130 130 130");
    expect(times(run.screen, "PIN of your security key")).toBe(1);
    expect(run.out).toBe("");
  });
});

describe("many at once, as jobs of make -j, of which one has the terminal as stdin,", () => {
  const jobs = "1 2 3 4";
  beforeEach(() =>
    writeFileSync(
      join(laptop.cwd, "Makefile"),
      `all: ${jobs}\n${jobs}:\n\t@vouch exec -- sh -c "echo ran >>out"\n.PHONY: all ${jobs}\n`,
    ),
  );

  test.skipIf(!requires("make"))("ask once, and all go on", async () => {
    const run = await onTerminal("make -j4", async (at) => {
      for (let waiting = 0; waiting < 3; waiting++) await at.see("Another command asks for PIN and touch already.");
      await until(() => !at.echoes(), limitMs);
      at.type(`${person.pin}\r`);
    });
    expect({ exitCode: run.exitCode, out: run.out }).toEqual({ exitCode: 0, out: "ran\n".repeat(4) });
    expect(times(run.screen, "PIN of your security key")).toBe(1);
  });

  test.skipIf(!requires("make"))("are all refused by one Ctrl-C", async () => {
    const run = await onTerminal("make -j4", async (at) => {
      for (let waiting = 0; waiting < 3; waiting++) await at.see("Another command asks for PIN and touch already.");
      await until(() => !at.echoes(), limitMs);
      at.type("\x03");
    });
    expect({ out: run.out, isDone: run.exitCode === 0 }).toEqual({ out: "", isDone: false });
    expect(times(run.screen, "PIN of your security key")).toBe(1);
  });
});

describe("a command that would not ask waits for a login that another one asks for:", () => {
  test.each([
    ["a shim without a terminal as stdin", "vouch exec -- sh -c 'echo ran >out' </dev/null"],
    ["a helper whose stderr is captured", "vouch --cargo-plugin <ask >out 2>err"],
  ])("%s, which goes on after it", async (_, command) => {
    writeFileSync(join(laptop.cwd, "ask"), cargoGet());
    const script = [
      'lock="$VOUCH_RUNTIME_DIR/login.lock"; rm -f "$lock"; exec 3<&0',
      "vouch exec -- true <&3 & asker=$!",
      'until grep -qs asking "$lock"; do sleep 0.05; done',
      command,
      "wait $asker; echo done",
    ];
    const run = await onTerminal(script.map((line) => `${line}\n`).join(""), async (at) => {
      await at.see("PIN of your security key");
      await until(() => !at.echoes(), limitMs);
      at.type(`${person.pin}\r`);
      await at.see("done");
    });
    expect(run.out).toMatch(/ran|"Ok":\{"kind":"get"/);
    expect(times(run.screen, "PIN of your security key")).toBe(1);
  });
});

describe("a helper that a package manager has started", () => {
  /** What Cargo sends to its provider; its answer is in `out`. */
  const cargo = (output = "out") => `vouch --cargo-plugin <ask >${output}`;
  const words = "Not logged in. Run `vouch login` in another terminal; cargo waits for it for two minutes.";
  beforeEach(() => writeFileSync(join(laptop.cwd, "ask"), cargoGet()));

  test("asks for no PIN, says once what to do, and goes on when the login comes", async () => {
    const script = `${cargo()} & ${cargo("out-2")} & wait`;
    const run = await onTerminal(script, async ({ see }) => {
      await see(words);
      await laptop.login();
    });
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(times(run.screen, words)).toBe(1);
    expect(run.screen).not.toContain("PIN");
    for (const name of ["out", "out-2"]) {
      expect(readFileSync(join(laptop.cwd, name), "utf8")).toContain('{"Ok":{"kind":"get","token":"');
    }
  });

  test("is a shim in a script of a package manager, too", async () => {
    const run = await onTerminal("VOUCH_SHIM_TRAIL=1:/usr/bin/npm vouch exec -- echo ran >out", async ({ see }) => {
      await see("Run `vouch login` in another terminal; echo waits for it");
      await laptop.login();
    });
    expect(run).toMatchObject({ exitCode: 0, out: "ran\n" });
    expect(run.screen).not.toContain("PIN");
  });

  test("answers at once for a registry that is not ours", async () => {
    writeFileSync(join(laptop.cwd, "ask"), cargoGet("sparse+https://example.com/index/"));
    const run = await onTerminal(cargo(), nobody);
    expect(run).toMatchObject({ exitCode: 0, screen: "" });
    expect(run.out).toContain("url-not-supported");
  });

  test.each([
    ["without a terminal", `setsid -w ${cargo()}`, {}],
    ["where stderr is captured", `${cargo()} 2>err`, {}],
    ["in CI", cargo(), { CI: "true" }],
  ])("does not wait %s", async (_, script, env) => {
    const run = await onTerminal(script, nobody, env);
    expect(run.screen).toBe("");
    expect(run.out).toContain("Run `vouch login`.");
  });

  test("reads the PIN itself with login.prompt=always, but not in the background", async () => {
    await setPrompt("always");
    const run = await onTerminal(cargo(), async (at) => {
      await at.see("cargo goes on after PIN and touch");
      await givePin(at);
    });
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(run.out).toContain('{"Ok":');
    await ended(laptop.vouch("logout"));
    const behind = await onTerminal(`set -m; ${cargo()} & wait $!`, async ({ see }) => {
      await see(words);
      await laptop.login();
    });
    expect(behind.out).toContain('{"Ok":');
    expect(behind.screen).not.toContain("PIN");
  });
});
