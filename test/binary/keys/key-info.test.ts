/** `vouch keys info` and `vouch keys pin` with the compiled executable on a terminal, as docs/security-keys.md shows them. */
import { describe, expect, test } from "bun:test";
import type { Settings } from "../../authenticator/settings.ts";
import { keyInPort, typeNewPin } from "./key-in-port.ts";
import { expectState, typePin } from "./key-states.ts";
const pin = "123456";
const newPin = "correct horse";
const unset: Partial<Settings> = { pin: undefined };

describe("vouch keys info", () => {
  test("describes a key on which nobody has to type or touch anything", async () => {
    await using port = await keyInPort({ pin, touch: "withheld" });
    const run = await port.run(["keys", "info"]);
    expectState(run, "`vouch keys info`");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(port.key.ctap2.touch.waits).toBe(0);
  });

  test("is read by a program from JSON", async () => {
    await using port = await keyInPort({ pin });
    const { stdout, exitCode } = await port.runWithoutTerminal("keys", "info", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        product: "Software Security Key",
        modelAttested: false,
        pin: { state: "set", retries: 8 },
        vouch: { usable: true },
      },
    ]);
  });

  test("ends with 3 where no key is plugged in", async () => {
    await using port = await keyInPort();
    port.pull();
    const run = await port.run(["keys", "info"]);
    expectState(run, "`vouch keys info`, no key is plugged in");
    expect(run.exitCode).toBe(3);
  });

  test("shows a key that cannot be used with the reason, and ends with 3", async () => {
    await using port = await keyInPort({ ctap: "u2f" });
    const run = await port.run(["keys", "info"]);
    expectState(run, "`vouch keys info`, the key speaks only U2F");
    expect(run.exitCode).toBe(3);
  });
});

describe("vouch keys pin", () => {
  test("sets the first PIN", async () => {
    await using port = await keyInPort(unset);
    const run = await port.run(["keys", "pin"], (person) => typeNewPin(person, newPin));
    expectState(run, "`vouch keys pin`, no PIN is set");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(run.screen).not.toContain(newPin);
    expect(port.key.ctap2.pin.isSet).toBe(true);
  });

  test("changes the PIN for who knows the present one, after a wrong one too", async () => {
    await using port = await keyInPort({ pin });
    const run = await port.run(["keys", "pin"], async (person) => {
      await person.see("first.");
      await typePin(person, "654321");
      await typeNewPin(person, newPin);
      await typePin(person, pin);
    });
    expectState(run, "`vouch keys pin`, a PIN is set");
    expect(run.exitCode).toBe(0);
    const again = await port.run(["keys", "pin"], async (person) => {
      await person.see("first.");
      await typePin(person, newPin);
      await typeNewPin(person, "battery staple");
    });
    expect(again.exitCode).toBe(0);
  });

  test("changes a PIN that the key demands to be changed", async () => {
    await using port = await keyInPort({ pin, forcePINChange: true });
    const run = await port.run(["keys", "pin"], async (person) => {
      await typePin(person, pin);
      await typeNewPin(person, newPin);
    });
    expectState(run, "`vouch keys pin`, the key demands a new PIN");
    expect(run.exitCode).toBe(0);
    expect(port.key.ctap2.pin.forcePINChange).toBe(false);
  });

  test("goes on after three wrong PINs once the key was taken out and plugged in", async () => {
    await using port = await keyInPort({ pin });
    const run = await port.run(["keys", "pin"], async (person) => {
      await person.see("first.");
      await typePin(person, "000000");
      await typeNewPin(person, newPin);
      await typePin(person, "111111");
      await typePin(person, "222222");
      await person.see("plug it in again");
      port.pull();
      await person.see("Plug in your security key.");
      port.plug();
      await person.see("first.");
      await person.see("5 tries are left.");
      await typePin(person, pin);
      await typeNewPin(person, newPin);
    });
    expectState(run, "`vouch keys pin`, three wrong PINs in a row");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
  });

  test("cannot change a blocked PIN, and says what can be done", async () => {
    await using port = await keyInPort({ pin });
    port.key.ctap2.pin.pinRetries = 0;
    const run = await port.run(["keys", "pin"]);
    expectState(run, "The PIN is blocked");
    expect(run.exitCode).toBe(5);
  });

  test("changes nothing after Ctrl-C", async () => {
    await using port = await keyInPort({ pin });
    const run = await port.run(["keys", "pin"], async ({ see, type }) => {
      await see("PIN of your security key (Software Security Key): ");
      type("\x03");
    });
    expect(run).toMatchObject({ exitCode: 130, restored: true });
    expect(port.key.ctap2.pin.pinRetries).toBe(8);
  });

  test("reads no PIN where there is no terminal", async () => {
    await using port = await keyInPort({ pin });
    const { exitCode, stdout } = await port.runWithoutTerminal("keys", "pin");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(port.key.ctap2.pin.pinRetries).toBe(8);
  });
});
