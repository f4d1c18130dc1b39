/** `vouch keys reset` with the compiled executable on a terminal, as docs/security-keys.md shows it. */
import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { startAuthenticator } from "../../authenticator/start.ts";
import { runInTerminal } from "../../pty.ts";
import { sandboxExecutable } from "../../laptop.ts";
import { tempFolder } from "../../temp-folder.ts";
import { type KeyInPort, keyInPort } from "./key-in-port.ts";
import { expectState } from "./key-states.ts";
import type { Person } from "../../pty.ts";
import type { Settings } from "../../authenticator/settings.ts";
const pin = "123456";

/** A key with a PIN and somebody's credential. */
async function usedKey(settings: Partial<Settings> = {}): Promise<KeyInPort> {
  // However slow the machine is: the key's own limit is not what these tests are about.
  const port = await keyInPort({ pin, resetWindowMs: 600_000, ...settings });
  const user = { id: Uint8Array.of(1), name: "me", displayName: undefined };
  port.key.ctap2.credentials.create("other.example", user, true, 2);
  return port;
}

const typeWord = async ({ see, type }: Person, word = "reset"): Promise<void> => {
  await see("Type the word reset to go on: ");
  type(`${word}\r`);
};

/** Types the word, takes the key out and plugs it in again when that is said. */
async function goThrough(port: KeyInPort, person: Person): Promise<void> {
  await typeWord(person);
  await person.see("Take it out now");
  port.pull();
  await person.see("Plug it in again");
  port.plug();
}

/** Whether the key is as it was made. */
const isUntouched = ({ key }: KeyInPort): boolean => key.ctap2.pin.isSet && key.ctap2.credentials.all.length === 1;

describe("vouch keys reset", () => {
  test("deletes everything on the key that was taken out, plugged in again and touched", async () => {
    await using port = await usedKey();
    const run = await port.run(["keys", "reset"], (person) => goThrough(port, person));
    expectState({ ...run, screen: run.screen.replace("go on: reset", "go on:") }, "`vouch keys reset`");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(port.key.ctap2.pin.isSet).toBe(false);
    expect(port.key.ctap2.credentials.all).toHaveLength(0);
  });

  test("deletes nothing without the word", async () => {
    await using port = await usedKey();
    const run = await port.run(["keys", "reset"], (person) => typeWord(person, "yes"));
    expectState({ ...run, screen: run.screen.replace("go on: yes", "go on:") }, "`vouch keys reset`, another word");
    expect(run.exitCode).toBe(130);
    expect(isUntouched(port)).toBe(true);
  });

  test("deletes nothing when the key stays plugged in", async () => {
    await using port = await usedKey();
    const run = await port.run(["keys", "reset", "--timeout", "1"], (person) => typeWord(person));
    expectState(run, "`vouch keys reset`, the key is not taken out");
    expect(run.exitCode).toBe(3);
    expect(isUntouched(port)).toBe(true);
  });

  test("deletes nothing when the key says that the time for it is over", async () => {
    await using port = await usedKey({ resetWindowMs: -1 });
    const run = await port.run(["keys", "reset"], (person) => goThrough(port, person));
    expectState(run, "`vouch keys reset`, the time for it is over");
    expect(run.exitCode).toBe(3);
    expect(isUntouched(port)).toBe(true);
  });

  test("deletes nothing when the key declines it", async () => {
    await using port = await usedKey();
    const run = await port.run(["keys", "reset"], async (person) => {
      await typeWord(person);
      await person.see("Take it out now");
      port.pull();
      await person.see("Plug it in again");
      // The key does not say so before.
      port.key.settings.declinesReset = true;
      port.plug();
    });
    expectState(run, "`vouch keys reset`, the key declines it");
    expect(run.exitCode).toBe(3);
    expect(isUntouched(port)).toBe(true);
  });

  test("deletes nothing when the key is not touched", async () => {
    await using port = await usedKey({ touch: "withheld" });
    const run = await port.run(["keys", "reset", "--timeout", "3"], (person) => goThrough(port, person));
    expectState(run, "`vouch keys reset`, the key is not touched");
    expect(run.exitCode).toBe(3);
    expect(isUntouched(port)).toBe(true);
  });

  test("is cancelled on the key by Ctrl-C while it waits for the touch", async () => {
    await using port = await usedKey({ touch: "withheld" });
    const run = await port.run(["keys", "reset"], async (person) => {
      await goThrough(port, person);
      await person.see("that deletes everything on it.");
      while (!port.key.ctap2.touch.isAwaited) await Bun.sleep(5);
      person.type("\x03");
    });
    expect(run).toMatchObject({ exitCode: 130, restored: true });
    while (port.key.ctap2.touch.isAwaited) await Bun.sleep(5);
    expect(isUntouched(port)).toBe(true);
  });

  test("says what to look for when the key is taken out during it", async () => {
    await using port = await usedKey({ touch: "withheld" });
    const run = await port.run(["keys", "reset"], async (person) => {
      await goThrough(port, person);
      await person.see("that deletes everything on it.");
      port.pull();
    });
    expectState(run, "`vouch keys reset`, the key is taken out during it");
    expect(run.exitCode).toBe(3);
  });

  test("asks for a long touch of a key that wants one", async () => {
    await using port = await usedKey({ longTouchForReset: true });
    const run = await port.run(["keys", "reset"], (person) => goThrough(port, person));
    expectState(run, "`vouch keys reset`, the key wants a long touch");
    expect(run.exitCode).toBe(0);
  });

  test("is not begun on a key that takes none over USB", async () => {
    await using port = await usedKey({ transportsForReset: ["nfc"] });
    const run = await port.run(["keys", "reset"]);
    expectState(run, "`vouch keys reset`, the key takes none over USB");
    expect(run.exitCode).toBe(3);
  });

  test("is not begun without a terminal", async () => {
    await using port = await usedKey();
    const run = await port.runWithoutTerminal("keys", "reset");
    expect(run).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "error: A reset needs a terminal, and there is none.\nhint: Run `vouch keys reset` in a terminal window, on the machine that the key is plugged into.\n",
    });
    expect(isUntouched(port)).toBe(true);
  });

  test("makes a blocked key usable again", async () => {
    await using port = await usedKey();
    port.key.ctap2.pin.pinRetries = 0;
    expect((await port.run(["keys", "reset"], (person) => goThrough(port, person))).exitCode).toBe(0);
    const { stdout } = await port.runWithoutTerminal("keys", "info", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ pin: { state: "not_set" }, room: { remaining: 25 } }]);
  });

  describe("with a second key at hand", () => {
    async function secondKey(settings: Partial<Settings> = {}) {
      const folder = tempFolder();
      const socketPath = join(folder.path, "second.sock");
      const key = await startAuthenticator({ ...settings, socketPath, pin });
      return {
        key,
        socketPath,
        async [Symbol.asyncDispose]() {
          await key.stop();
          folder[Symbol.dispose]();
        },
      };
    }

    test("is not begun while both are plugged in", async () => {
      await using port = await usedKey();
      await using second = await secondKey();
      const env = { ...port.env, VOUCH_SANDBOX_KEY: [port.port, second.socketPath].join(delimiter) };
      const run = await runInTerminal([sandboxExecutable, "keys", "reset"], { env }, () => Promise.resolve());
      expectState(run, "`vouch keys reset`, several keys are plugged in");
      expect(run.exitCode).toBe(2);
      expect(isUntouched(port)).toBe(true);
    });

    test("deletes nothing on a key of another model that is plugged in instead", async () => {
      await using port = await usedKey();
      await using second = await secondKey({ aaguid: Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a") });
      const run = await port.run(["keys", "reset"], async (person) => {
        await typeWord(person);
        await person.see("Take it out now");
        port.pull();
        await person.see("Plug it in again");
        symlinkSync(second.socketPath, port.port);
      });
      expectState(run, "`vouch keys reset`, another key is plugged in instead");
      expect(run.exitCode).toBe(3);
      expect(second.key.ctap2.pin.isSet).toBe(true);
      expect(isUntouched(port)).toBe(true);
    });
  });
});
