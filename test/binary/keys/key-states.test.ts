/** What a person sees for every state of a key, as docs/security-keys.md says it: the compiled executable on a terminal. */
import { expect, test } from "bun:test";
import type { Settings } from "../../authenticator/settings.ts";
import { documentedLines } from "../../docs/states.ts";
import type { Person } from "../../pty.ts";
import { atDesk, desk, expectState, nobody, pin, typePin } from "./key-states.ts";
const newPin = "correct horse";
const withoutPin: Partial<Settings> = { pin: undefined };

async function typeNewPin({ see, type }: Person, first: string, second: string = first): Promise<void> {
  await see("New PIN");
  type(`${first}\r`);
  await see("The same PIN again: ");
  type(`${second}\r`);
}

async function acceptPin({ see, type }: Person): Promise<void> {
  await see("Set a PIN now? [Y/n] ");
  type("\r");
}

atDesk("the PIN of a key", () => {
  test("is set when there is none", async () => {
    await using plugged = await desk.plugIn(withoutPin);
    const run = await plugged.enroll(async (person) => {
      await acceptPin(person);
      await typeNewPin(person, newPin);
    });
    expectState(run, "No PIN is set");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect(run.screen).not.toContain(newPin);
    const loggedIn = await plugged.login((person) => typePin(person, newPin));
    expectState(loggedIn, "The PIN is set");
    expect(loggedIn.exitCode).toBe(0);
  });

  test("is changed at the enrolment when the key demands another one", async () => {
    await using plugged = await desk.plugIn({ forcePINChange: true });
    const run = await plugged.enroll(async (person) => {
      await typePin(person, "000000");
      await typeNewPin(person, newPin);
      await typePin(person);
    });
    expectState(run, "The key demands a new PIN");
    expect(run.exitCode).toBe(0);
    expect(plugged.key.ctap2.pin.pinRetries).toBe(8);
  });

  test("is changed at the enrolment when the key reveals only by refusing the right one that it demands another", async () => {
    const silent = { hidesForcePINChange: true, forcePINChangeStatus: "PIN_INVALID" } as const;
    await using plugged = await desk.plugIn({ forcePINChange: true, ...silent });
    const run = await plugged.enroll(async (person) => {
      await typePin(person);
      await typePin(person);
      await typeNewPin(person, newPin);
    });
    expectState(run, "The key demands a new PIN, and does not say so");
    expect(run.exitCode).toBe(0);
  });

  test("is changed at a login when the key demands another one and is enrolled", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    plugged.key.ctap2.pin.forcePINChange = true;
    const run = await plugged.login(async (person) => {
      await typePin(person);
      await typeNewPin(person, newPin);
    });
    expect(run.screen).toContain("✓ The PIN is changed.");
    expect(run.exitCode).toBe(0);
  });

  test("is not changed at a login when the key demands another one and is not known to be enrolled", async () => {
    await using enrolled = await desk.plugIn();
    await enrolled.enrolled();
    await using plugged = await desk.plugIn({ forcePINChange: true });
    const run = await plugged.login(async ({ see, type }) => {
      await see("[y/N] ");
      type("\r");
    });
    expectState(run, "At login: the key demands a new PIN, and shows no credential of this server");
    expect(run.exitCode).toBe(5);
    expect(plugged.key.ctap2.pin.forcePINChange).toBe(true);
  });

  test("is not set at a login, since a key without a PIN cannot be enrolled", async () => {
    await using enrolled = await desk.plugIn();
    await enrolled.enrolled();
    await using plugged = await desk.plugIn(withoutPin);
    const run = await plugged.login(nobody);
    expectState(run, "At login: the key has no PIN");
    expect(run.exitCode).toBe(5);
    expect(plugged.key.ctap2.pin.isSet).toBe(false);
  });

  test("is asked for a bounded number of times when the key refuses without counting", async () => {
    await using plugged = await desk.plugIn({ forgetsWrongPins: true });
    const run = await plugged.enroll(async (person) => {
      await typePin(person, "000000");
      await typePin(person, "000000");
      await typeNewPin(person, newPin);
    });
    expectState(run, "The key refuses the PIN and does not count it");
    expect(run.exitCode).toBe(5);
  });

  test("is set while the output is captured, and what the person must know is on the terminal, and only there", async () => {
    await using plugged = await desk.plugIn(withoutPin);
    const run = await plugged.enrollCaptured(async (person) => {
      await acceptPin(person);
      await typeNewPin(person, newPin);
    });
    expectState(run, "No PIN is set");
    expect(run.screen.split("\n").filter((line) => line !== "")).toHaveLength(
      ["Enrolment code: …", ...documentedLines("security-keys.md", "No PIN is set")].length,
    );
    expect(run.captured).toStartWith("✓ Your security key is enrolled at http://localhost:");
    // Nothing moves the cursor or colours what is captured.
    expect(run.screen + run.captured).not.toContain("\u001b");
  });

  test("is not set when the person does not want one", async () => {
    await using plugged = await desk.plugIn(withoutPin);
    const run = await plugged.enroll(async ({ see, type }) => {
      await see("Set a PIN now? [Y/n] ");
      type("n\r");
    });
    expectState(run, "No PIN is set, and none is wanted");
    expect(run.exitCode).toBe(5);
  });

  test.each([
    ["The new PIN is too short", {}, ["1234567"]],
    ["The new PIN is too short for the key", { minPINLength: 10 }, ["12345678"]],
    ["The new PIN is too long", {}, ["é".repeat(32)]],
    ["The two new PINs differ", {}, [newPin, "wrong horse"]],
    ["The key refuses the new PIN by its own rules", { pinComplexityPolicy: true }, ["12345678", "12345678"]],
  ] satisfies [string, Partial<Settings>, [string, string?]][])(
    "is asked for again: %s",
    async (state, settings, [first, second]) => {
      await using plugged = await desk.plugIn({ ...withoutPin, ...settings });
      const run = await plugged.enroll(async (person) => {
        await acceptPin(person);
        if (second === undefined) {
          await person.see("New PIN");
          person.type(`${first}\r`);
          await person.see("It was not set.");
        } else {
          await typeNewPin(person, first, second);
        }
        await typeNewPin(person, newPin);
      });
      expectState(run, state);
      expect(run.exitCode).toBe(0);
    },
  );

  test("is not set when the key refuses three", async () => {
    await using plugged = await desk.plugIn({ ...withoutPin, pinComplexityPolicy: true });
    const run = await plugged.enroll(async (person) => {
      await acceptPin(person);
      for (const typed of ["12345678", "23456789", "34567890"]) await typeNewPin(person, typed);
    });
    expectState(run, "The key refuses three new PINs");
    expect(run.exitCode).toBe(5);
  });
});

atDesk("a wrong PIN", () => {
  test("is asked for again, with the remaining tries when it was wrong before, too", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    const wrong = await plugged.login(async (person) => {
      await typePin(person, "12");
      await typePin(person, "654321");
      await person.see("Wrong PIN.");
      await person.see("PIN of");
      person.type("\x03");
    });
    expectState(wrong, "The PIN is too short to be right");
    expectState(wrong, "The PIN is wrong");
    expect(wrong).toMatchObject({ exitCode: 130, restored: true });
    const right = await plugged.login(typePin);
    expectState(right, "The PIN was wrong before");
    expect(right.exitCode).toBe(0);
  });

  test("three times in a row is asked for again once the key was taken out and plugged in", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    const run = await plugged.login(async (person) => {
      for (const typed of ["000000", "111111", "222222"]) await typePin(person, typed);
      await person.see("plug it in again");
      plugged.key.powerCycle();
      await typePin(person);
    });
    expectState(run, "The PIN is wrong three times in a row");
    expect(run.exitCode).toBe(0);
  });

  test("three times in a row ends the command when the key stays plugged in", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    const run = await plugged.login(
      async (person) => {
        for (const typed of ["000000", "111111", "222222"]) await typePin(person, typed);
      },
      "--timeout",
      "1",
    );
    expectState(run, "The key stays plugged in after three wrong PINs");
    expect(run.exitCode).toBe(5);
  });

  test("has left one try, which is said before the PIN is asked for", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    plugged.key.ctap2.pin.pinRetries = 1;
    const run = await plugged.login(typePin);
    expectState(run, "One try is left");
    expect(run.exitCode).toBe(0);
  });

  test("too often ends with a blocked key and what helps", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    plugged.key.ctap2.pin.pinRetries = 1;
    const run = await plugged.login((person) => typePin(person, "000000"));
    expectState(run, "The PIN is blocked");
    expect(run.exitCode).toBe(5);
    expect((await plugged.login(nobody)).exitCode).toBe(5);
  });
});

atDesk("the credentials on a key", () => {
  test("are reported as missing when none is of this server", async () => {
    await using enrolled = await desk.plugIn();
    await enrolled.enrolled();
    await using plugged = await desk.plugIn();
    const run = await plugged.login(typePin);
    expectState(run, "The key has no credential for this server");
    expect(run.exitCode).toBe(5);
  });

  test("are not stored on a full key, and are found by their ids", async () => {
    await using plugged = await desk.plugIn({ capacity: 1 });
    const stranger = { id: Uint8Array.of(1), name: "x", displayName: "x" };
    plugged.key.ctap2.credentials.create("other.example", stranger, true, 1);
    const run = await plugged.enroll(typePin);
    expectState(run, "The key has no room for another credential");
    expect(run.exitCode).toBe(0);
    const loggedIn = await plugged.login(typePin);
    expectState(loggedIn, "The credential is not stored on the key");
    expect(loggedIn.exitCode).toBe(0);
  });

  test("are used by their id when the key does not store them", async () => {
    await using plugged = await desk.plugIn({ capacity: 0 });
    const run = await plugged.enroll(typePin);
    expectState(run, "The key cannot store credentials");
    expect(run.exitCode).toBe(0);
    const loggedIn = await plugged.login(typePin);
    expectState(loggedIn, "The credential is not stored on the key");
    expect(loggedIn.exitCode).toBe(0);
  });

  test("are chosen by the person when they are of several accounts; this machine's own is proposed", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    const other = { id: Uint8Array.of(1), name: "ops@example.com", displayName: "Operations" };
    plugged.key.ctap2.credentials.create("localhost", other, true, 2);
    const run = await plugged.login(async (person) => {
      await typePin(person);
      await person.see("Number from 1 to 2 [2]: ");
      person.type("\r");
    });
    expectState({ ...run, screen: run.screen.replace("[2]: ", "[2]:") }, "Several accounts are on the key");
    expect(run.exitCode).toBe(0);
  });
});

atDesk("another kind of key is used as well:", () => {
  test.each<[string, Partial<Settings>]>([
    ["A CTAP 2.0 key", { ctap: "2.0", protocols: [1] }],
    ["A key that was made before CTAP 2.1 was final", { ctap: "2.1-pre", protocols: [1] }],
    ["A key that always verifies its user", { alwaysUv: true }],
    ["A key that makes credentials without verifying its user", { makeCredUvNotRqd: true }],
    ["A key of a later CTAP, or with enterprise features", { ctap: "2.3" }],
  ])("%s", async (state, settings) => {
    await using plugged = await desk.plugIn(settings);
    await plugged.enrolled();
    const run = await plugged.login(typePin);
    expectState(run, state);
    expect(run.exitCode).toBe(0);
  });

  test("a key that takes only short requests", async () => {
    await using plugged = await desk.plugIn({ maxMsgSize: 200 });
    const run = await plugged.enroll(typePin);
    expectState(run, "The request is too large for the key");
    expect(run.exitCode).toBe(3);
  });
});

atDesk("a touch", () => {
  test("that does not come ends the command", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    plugged.key.settings.touch = "withheld";
    const run = await plugged.login(typePin, "--timeout", "1");
    expectState(run, "The key is not touched");
    expect(run.exitCode).toBe(3);
  });

  test("is asked for on a screen that never shows the PIN", async () => {
    await using plugged = await desk.plugIn();
    await plugged.enrolled();
    expect((await plugged.login(typePin)).screen).not.toContain(pin);
  });
});
