/** What a person sees whose key has a fingerprint sensor, as docs/security-keys.md says it. */
import { expect, test } from "bun:test";
import type { Settings } from "../../authenticator/settings.ts";
import { requires } from "../../requires.ts";
import { atDesk, desk, expectState, nobody, pin, typePin } from "./key-states.ts";
const withoutPin: Partial<Settings> = { pin: undefined };

atDesk("the fingerprint at a login or an enrolment", () => {
  const fingerprint = "matches";

  test("is recognised, and that is enough", async () => {
    await using plugged = await desk.plugIn({ fingerprint });
    const run = await plugged.enroll(nobody);
    expectState(run, "The key has a fingerprint sensor");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
    expect((await plugged.login(nobody)).exitCode).toBe(0);
  });

  test.each<[string, Partial<Settings>]>([
    ["by a token", {}],
    ["in the request itself (CTAP 2.0)", { ctap: "2.0", protocols: [1] }],
  ])("may be replaced by the PIN while the key waits for it: %s", async (_, settings) => {
    await using plugged = await desk.plugIn({ fingerprint, ...settings });
    await plugged.enroll(nobody);
    plugged.key.settings.touch = "withheld";
    const run = await plugged.login(async (person) => {
      await person.see("or press Enter to type its PIN.");
      person.type("\r");
      await typePin(person);
      await person.see("Touch your security key");
      while (!plugged.key.ctap2.touch.isAwaited) await Bun.sleep(5);
      plugged.key.ctap2.touch.press();
    });
    expectState(run, "The PIN is preferred to the fingerprint");
    expect(run).toMatchObject({ exitCode: 0, restored: true });
  });

  test("is cancelled on the key by Ctrl-C, and a PIN that is typed too early is not shown", async () => {
    await using plugged = await desk.plugIn({ fingerprint, touch: "withheld" });
    const run = await plugged.enroll(async ({ see, type }) => {
      await see("or press Enter to type its PIN.");
      while (!plugged.key.ctap2.touch.isAwaited) await Bun.sleep(5);
      type(`${pin}\x03`);
    });
    expectState(run, "Ctrl-C while the key waits for a finger");
    expect(run).toMatchObject({ exitCode: 130, restored: true });
    expect(run.screen).not.toContain(pin);
    expect(plugged.key.ctap2.touch.isAwaited).toBe(false);
  });

  test.skipIf(!requires("setsid"))(
    "is enough where there is no terminal, while a PIN cannot be typed there",
    async () => {
      await using plugged = await desk.plugIn({ fingerprint });
      await plugged.enroll(nobody);
      const byFinger = await plugged.loginWithoutTerminal();
      expect(byFinger.exitCode).toBe(0);
      expect(byFinger.stderr).toContain(
        "Touch the fingerprint sensor of your security key (Software Security Key).\n✓",
      );
      plugged.key.settings.fingerprint = "absent";
      const byPin = await plugged.loginWithoutTerminal();
      expect(byPin.exitCode).toBe(2);
      expect(byPin.stderr).toContain("error: This needs a terminal to ask on, and there is none.\n");
    },
  );

  test("leads to the PIN when it is not recognised three times", async () => {
    await using plugged = await desk.plugIn({ fingerprint: "fails" });
    const run = await plugged.enroll(typePin);
    expectState(run, "The fingerprint is not recognised");
    expect(run.exitCode).toBe(0);
  });

  test("leads to the PIN when the sensor is blocked", async () => {
    await using plugged = await desk.plugIn({ fingerprint: "fails" });
    plugged.key.ctap2.pin.uvRetries = 1;
    const run = await plugged.enroll(typePin);
    expectState(run, "The fingerprint sensor is blocked");
    expect(run.exitCode).toBe(0);
  });

  test("ends the command when it is not recognised and there is no PIN", async () => {
    await using plugged = await desk.plugIn({ ...withoutPin, fingerprint: "fails" });
    plugged.key.ctap2.pin.uvRetries = 1;
    const run = await plugged.enroll(nobody);
    expectState(run, "The fingerprint sensor is blocked, and there is no PIN");
    expect(run.exitCode).toBe(5);
  });

  test("is passed over when none is enrolled on the key", async () => {
    await using plugged = await desk.plugIn({ fingerprint: "unenrolled" });
    const run = await plugged.enroll(typePin);
    expectState(run, "The fingerprint sensor knows no finger");
    expect(run.exitCode).toBe(0);
  });

  test("cannot be used when none is enrolled and the PIN is not for logins", async () => {
    await using plugged = await desk.plugIn({ fingerprint: "unenrolled", noMcGaPermissionsWithClientPin: true });
    const run = await plugged.enroll(nobody);
    expectState(run, "The fingerprint sensor knows no finger, and the PIN is not for logins");
    expect(run.exitCode).toBe(3);
  });
});
